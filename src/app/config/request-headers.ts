/** Headers that remote_write, remote_read and tracing add to their requests: the names that may be given there. */
import { type DecodedBy, type Decoder, FAILED, record, refine } from '../../config/decode.ts';
import { httpHeader } from '../../config/http-config.ts';
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

function headerName(authorization: string): Decoder<string> {
  return refine(
    string,
    () => '',
    (text, fail) => {
      if (text.toLowerCase() === 'authorization') return fail({ code: 'bad_value', message: authorization });
      return RESERVED.has(text.toLowerCase())
        ? fail({ code: 'bad_value', message: `${text} is a reserved header. It must not be changed` })
        : text;
    },
  );
}

export const requestHeaders = record(
  string,
  headerName('authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread or google_iam parameter'),
);

/** A text, as Prometheus has it, or values, secrets and files, as Alertmanager has it. */
const tracingHeader: Decoder<HeaderValues> = {
  ...httpHeader,
  expects: 'a text, or a map of values, secrets and files',
  read: (node, sink) => {
    if (node.kind === 'map') return httpHeader.read(node, sink);
    const text = string.read(node, sink);
    return text === FAILED ? FAILED : { values: [text], files: [] };
  },
};
export type HeaderValues = DecodedBy<typeof httpHeader>;

export const tracingHeaders = record(tracingHeader, headerName('custom authorization header configuration is not yet supported'));
