/** Headers that remote_write, remote_read and tracing add to their requests. */
import { type Decoder, record, refine } from '../../config/decode.ts';
import { string } from '../../config/scalars.ts';

/** They change the connection, or are set by us. */
const RESERVED = new Set([
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

function headers(authorization: string): Decoder<Readonly<Record<string, string>>> {
  const name = refine(
    string,
    () => '',
    (text, fail) => {
      if (text.toLowerCase() === 'authorization') return fail({ code: 'bad_value', message: authorization });
      return RESERVED.has(text.toLowerCase())
        ? fail({ code: 'bad_value', message: `${text} is a reserved header. It must not be changed` })
        : text;
    },
  );
  return record(string, name);
}

export const requestHeaders = headers(
  'authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter',
);
export const tracingHeaders = headers('custom authorization header configuration is not yet supported');
