/**
 * Go's net/url Parse, as far as configuration needs it: it takes relative references and much that the web's URL
 * refuses, and its error texts are what Prometheus and Alertmanager print. Keeps no query and no fragment.
 */
import { goQuote } from './go-quote.ts';

export type GoUrl = {
  /** Lower case, '' where the text has none. */
  readonly scheme: string;
  /** With the port; '' where there is none. */
  readonly host: string;
  /** Null where there is no user. */
  readonly user: { readonly name: string; readonly password: string | null } | null;
  readonly path: string;
  /** What follows the scheme where no slash does: mailto:x. */
  readonly opaque: string;
};

export function parseGoUrl(text: string): GoUrl | { readonly error: string } {
  const fail = (reason: string): { error: string } => ({ error: `parse ${goQuote(text)}: ${reason}` });
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) return fail('net/url: invalid control character in URL');
  const [beforeFragment = ''] = text.split('#', 1);
  if (beforeFragment.startsWith(':')) return fail('missing protocol scheme');
  const schemeMatch = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(beforeFragment);
  const scheme = (schemeMatch?.[1] ?? '').toLowerCase();
  const [rest = ''] = beforeFragment.slice(schemeMatch?.[0].length ?? 0).split('?', 1);
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, host: '', user: null, path: '', opaque: rest };
    if ((rest.split('/', 1)[0] ?? '').includes(':')) return fail('first path segment in URL cannot contain colon');
  }
  if (!rest.startsWith('//') || (scheme === '' && rest.startsWith('///')))
    return withPath(rest, { scheme, host: '', user: null, opaque: '' }, fail);
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const hostError = checkHost(host);
  if (hostError !== null) return fail(hostError);
  const userText = at < 0 ? null : authority.slice(0, at);
  if (userText !== null && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(userText)) return fail('net/url: invalid userinfo');
  const colon = userText?.indexOf(':') ?? -1;
  const user =
    userText === null
      ? null
      : colon < 0
        ? { name: userText, password: null }
        : { name: userText.slice(0, colon), password: userText.slice(colon + 1) };
  return withPath(slash < 0 ? '' : rest.slice(slash), { scheme, host, user, opaque: '' }, fail);
}

function withPath(path: string, url: Omit<GoUrl, 'path'>, fail: (reason: string) => { error: string }): GoUrl | { error: string } {
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(path)?.[0];
  return escape === undefined ? { ...url, path } : fail(`invalid URL escape ${goQuote(escape)}`);
}

function checkHost(host: string): string | null {
  const closing = host.lastIndexOf(']');
  if (host.startsWith('[') && closing < 0) return "missing ']' in host";
  const port = host.startsWith('[') ? host.slice(closing + 1) : host.includes(':') ? host.slice(host.lastIndexOf(':')) : '';
  if (port !== '' && !/^:\d*$/.test(port)) return `invalid port ${goQuote(port)} after host`;
  const bad = /[\s"<>^`{|}\\]/.exec(host)?.[0];
  if (bad !== undefined) return `invalid character ${goQuote(bad)} in host name`;
  const escape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(host)?.[0];
  return escape === undefined || host.startsWith('[') ? null : `invalid URL escape ${goQuote(escape)}`;
}
