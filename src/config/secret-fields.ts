/**
 * Secrets. Every secret field `x` may instead be given as `x_file` (read at each use) and, an addition of ours, as
 * `x_env: NAME`, an environment variable. What was written in place is masked wherever the configuration is printed.
 */
import type { GoUrl } from '../lib/go-url.ts';
import { Secret, type SecretSource } from '../model/secret.ts';
import { type Decoder, FAILED, type Fields, wrongType } from './decode.ts';
import { path, scalar, url } from './scalars.ts';

export const secret: Decoder<Secret> = {
  goType: 'config.Secret',
  readsAs: 'config.plain',
  expects: 'a text',
  zero: () => new Secret(''),
  read: (node, sink) => {
    if (node.kind !== 'scalar') return wrongType(node, secret, sink);
    if (node.text !== '') sink.addSecret(node);
    return new Secret(node.text);
  },
};

/** A URL that is a secret as a whole (webhook addresses with a token in them). `<secret>` stands for one already masked. */
export function secretUrl(check: (url: GoUrl, text: string) => string | null): Decoder<Secret> {
  const plain = url({ isSecret: true, check });
  const decoder: Decoder<Secret> = {
    ...secret,
    goType: 'config.SecretURL',
    readsAs: 'string',
    expects: 'a URL',
    read: (node, sink) => {
      if (node.kind !== 'scalar') return wrongType(node, decoder, sink);
      const hidden = secret.read(node, sink);
      if (hidden === FAILED || hidden.reveal() === '<secret>') return hidden;
      return plain.read(node, sink) === FAILED ? FAILED : hidden;
    },
  };
  return decoder;
}

const environmentName: Decoder<string> = scalar({
  goType: 'string',
  expects: 'the name of an environment variable',
  zero: '',
  parse: (text, fail) =>
    /^[A-Za-z_][A-Za-z0-9_]*$/.test(text)
      ? text
      : fail({
          code: 'bad_value',
          message: `"${text}" is not the name of an environment variable`,
          hint: 'write the name alone, without $ and braces',
        }),
});

type SecretFieldOptions = {
  /** Where a secret of its own grammar stands (a secret URL). */
  readonly decoder?: Decoder<Secret>;
  /** The reference's words for "only one of them". */
  readonly upstream?: string;
};

/** `name`, `name_file` or `name_env`; null when none of them is set. */
export function secretSource(fields: Fields, name: string, options: SecretFieldOptions = {}): SecretSource | null {
  const inline = fields.get(name, options.decoder ?? secret);
  const file = fields.get(`${name}_file`, path);
  const env = fields.get(`${name}_env`, environmentName);
  fields.atMostOne([name, `${name}_file`, `${name}_env`], options.upstream);
  if (inline.reveal() !== '') return { kind: 'inline', secret: inline };
  if (file !== '') return { kind: 'file', path: file };
  return env === '' ? null : { kind: 'env', name: env };
}
