/** Addresses of providers, as Alertmanager's config.URL and config.SecretURL take them (config/common/url.go ParseURL). */
import type { Decoder } from '../config/decode.ts';
import { url } from '../config/scalars.ts';
import { secretUrl } from '../config/secret-fields.ts';
import type { GoUrl } from '../lib/go-url.ts';
import type { Secret } from '../model/secret.ts';

/** What is wrong with an address for HTTP, in Alertmanager's words. */
export function httpUrlProblem({ scheme, host }: GoUrl): string | null {
  if (scheme !== 'http' && scheme !== 'https') return `unsupported scheme "${scheme}" for URL`;
  return host === '' ? 'missing host for URL' : null;
}

export const apiUrl: Decoder<string> = url({ goType: 'config.URL', check: httpUrlProblem });

/** One that is a secret as a whole, for it holds a token. */
export const secretApiUrl: Decoder<Secret> = secretUrl(httpUrlProblem);

/** With a slash at its end, so that a path can be added. */
export const asFolder = (address: string): string => (pathEnd(address) === '/' ? address : extendUrl(address, '/'));

/** `address` with more path, before its query. */
export function extendUrl(address: string, path: string): string {
  const end = address.search(/[?#]/);
  return end < 0 ? address + path : address.slice(0, end) + path + address.slice(end);
}

/** `address` with one more segment or several, however many slashes meet (Go's URL.JoinPath). */
export function joinUrl(address: string, path: string): string {
  const end = address.search(/[?#]/);
  const before = end < 0 ? address : address.slice(0, end);
  return `${before.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}${end < 0 ? '' : address.slice(end)}`;
}

const pathEnd = (address: string): string => address.split(/[?#]/, 1)[0]?.slice(-1) ?? '';
