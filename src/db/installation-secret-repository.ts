/** Keys of this installation, made once and kept. */
import { eq } from 'drizzle-orm';
import type { Database } from './database.ts';
import { installationSecret } from './schema.ts';

export interface InstallationSecretRepository {
  /** The key of that name; `make` gives it, in hexadecimal, where there is none yet. */
  secret(name: string, make: () => string): Promise<string>;
}

export function installationSecretRepository({ orm }: Database): InstallationSecretRepository {
  return {
    secret: async (name, make) => {
      const known = orm.select().from(installationSecret).where(eq(installationSecret.name, name)).get();
      if (known !== undefined) return known.secret;
      const secret = make();
      orm.insert(installationSecret).values({ name, secret }).run();
      return secret;
    },
  };
}
