/** The requests that integrations make of a notification, as values: messages are made apart from being sent. */
import { utf8Length } from '../lib/utf8-bytes.ts';
import type { HttpRequest } from '../model/http.ts';
import { truncateBytes } from '../template/truncate.ts';

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

/**
 * `text`, or as much of its beginning as lets the JSON of what `make` makes of it be at most so long. No rune is shorter in
 * JSON than in UTF-8, so that what is cut off a text is cut off the JSON at least.
 */
export function fittingText(text: string, bytesMax: number, make: (text: string) => unknown): string {
  const over = jsonBytes(make(text)).length - bytesMax;
  return over <= 0 ? text : truncateBytes(text, Math.max(0, utf8Length(text) - over)).text;
}

/** The first of several forms of a message, from the whole one to the barest, whose JSON is at most so long; else the last. */
export function firstThatFits(forms: readonly object[], bytesMax: number): unknown {
  return forms.find((form) => jsonBytes(form).length <= bytesMax) ?? forms.at(-1);
}
