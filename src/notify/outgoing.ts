/** The requests that integrations make of a notification, as values: messages are made apart from being sent. */
import type { HttpRequest } from '../model/http.ts';

export type Outgoing = Pick<HttpRequest, 'method' | 'url' | 'headers'> & { readonly body?: Uint8Array };

/** A notification made into what is to be sent, or why nothing can be. `templateErrors`: of the fields where a fallback stands in. */
export type Made<T = Outgoing> =
  | { readonly kind: 'made'; readonly request: T; readonly templateErrors: readonly string[] }
  | { readonly kind: 'refused'; readonly why: string };

export const made = <T>(request: T, { errors }: { readonly errors: readonly string[] }): Made<T> => ({
  kind: 'made',
  request,
  templateErrors: errors,
});

export function jsonRequest(
  url: string,
  value: unknown,
  { method = 'POST', headers = {} }: Partial<Pick<Outgoing, 'method' | 'headers'>> = {},
): Outgoing {
  return { method, url, headers: { 'Content-Type': 'application/json', ...headers }, body: jsonBytes(value) };
}

/** Half a rune, which no JSON parser has to take, becomes U+FFFD. Fields that are undefined are left out. */
export function jsonBytes(value: unknown): Uint8Array {
  const text = JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g, '$1\\ufffd');
  return new TextEncoder().encode(text);
}

/** A text field that Go leaves out where it is empty (omitempty). */
export const orLeftOut = (text: string): string | undefined => (text === '' ? undefined : text);
