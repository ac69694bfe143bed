/**
 * AWS Signature Version 4 of one HTTP request (docs.aws.amazon.com, "Create a signed AWS API request"): the headers to
 * send beside the request's own. Paths are taken as they are, without S3's exceptions.
 */
import { formatTime, timeFromUnixMs } from './go-time.ts';
import { escapePath, escapeQuery } from './go-url-escape.ts';
import { hexOf, hmacSha256, sha256 } from './sha256.ts';

export type AwsCredentials = {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of temporary credentials; '' where there is none. */
  readonly sessionToken: string;
};

export type SignedRequest = {
  readonly method: string;
  readonly url: string;
  /** Signed with it, besides Host. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

type Scope = { readonly region: string; readonly service: string; readonly unixMs: number };

export function signAws(request: SignedRequest, credentials: AwsCredentials, scope: Scope): Readonly<Record<string, string>> {
  const time = timeFromUnixMs(scope.unixMs);
  const date = formatTime(time, '20060102T150405Z');
  const day = date.slice(0, 8);
  const own: Record<string, string> = { 'X-Amz-Date': date };
  if (credentials.sessionToken !== '') own['X-Amz-Security-Token'] = credentials.sessionToken;

  const url = new URL(request.url);
  const headers = Object.entries({ Host: url.host, ...request.headers, ...own })
    .map(([name, value]): readonly [string, string] => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')])
    .sort(byName);
  const names = headers.map(([name]) => name).join(';');
  const canonical = [
    request.method,
    escapePath(url.pathname),
    canonicalQuery(url.search.slice(1)),
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    hexOf(sha256(request.body)),
  ].join('\n');

  const place = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', date, place, hexOf(sha256(utf8(canonical)))].join('\n');
  let key = utf8(`AWS4${credentials.secretKey}`);
  for (const part of [day, scope.region, scope.service, 'aws4_request', text]) key = hmacSha256(key, utf8(part));
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKey}/${place}, SignedHeaders=${names}, Signature=${hexOf(key)}`;
  return { ...own, Authorization: authorization };
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair): readonly [string, string] => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  const escaped = (text: string): string => escapeQuery(decodeURIComponent(text.replaceAll('+', ' '))).replaceAll('+', '%20');
  return pairs
    .map(([name, value]): readonly [string, string] => [escaped(name), escaped(value)])
    .sort((a, b) => byName(a, b) || (a[1] < b[1] ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');
}

const byName = (a: readonly [string, string], b: readonly [string, string]): number => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
