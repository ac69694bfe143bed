/** A secret of a receiver: in place, in a file or in the environment, with Alertmanager's words where two are given. */
import type { Decoder, Fields } from '../config/decode.ts';
import { secretSource } from '../config/secret-fields.ts';
import { Secret, type SecretSource } from '../model/secret.ts';

export const secretField = (fields: Fields, name: string, decoder?: Decoder<Secret>): SecretSource | null =>
  secretSource(fields, name, {
    upstream: `at most one of ${name} & ${name}_file must be configured`,
    ...(decoder === undefined ? {} : { decoder }),
  });

const NONE: SecretSource = { kind: 'inline', secret: new Secret('') };

/** One that must be there; `missing` says that it is not, in Alertmanager's words. */
export function requiredSecret(fields: Fields, name: string, missing: string, found: SecretSource | null): SecretSource {
  if (found !== null) return found;
  fields.problem(name, { code: 'missing_field', message: missing, hint: `set ${name}, ${name}_file or ${name}_env` });
  return NONE;
}
