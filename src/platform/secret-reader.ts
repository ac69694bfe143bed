/** Reads what a configuration only points to: secret files and environment variables, at each use, so that a rotated one is seen. */
import type { Disk } from '../model/disk.ts';
import type { SecretSource } from '../model/secret.ts';

export class SecretReader {
  readonly #disk: Pick<Disk, 'read'>;
  readonly #environment: (name: string) => string | undefined;

  constructor(disk: Pick<Disk, 'read'>, environment: (name: string) => string | undefined) {
    this.#disk = disk;
    this.#environment = environment;
  }

  /** '' for none. Throws an Error that names what could not be read. */
  secret(source: SecretSource | null): string {
    if (source === null) return '';
    if (source.kind === 'inline') return source.secret.reveal();
    if (source.kind === 'file') return this.file(source.path);
    const value = this.#environment(source.name);
    if (value === undefined) throw new Error(`environment variable "${source.name}" is not set`);
    return value;
  }

  /** A text file without the white space around it, as Prometheus reads its secret files. */
  file(path: string): string {
    return new TextDecoder().decode(this.#disk.read(path)).trim();
  }

  environment(name: string): string | undefined {
    return this.#environment(name);
  }
}
