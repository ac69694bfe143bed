/**
 * Renders the fields of one notification. A template that fails costs its field only: a fallback stands in, and the
 * error is kept, to be named in the message and in the history.
 */

import type { NotificationData } from '../template/alertmanager-data.ts';
import { type PlainValue, renderDeep } from '../template/deep-render.ts';
import type { Rendered } from '../template/execute.ts';
import type { NotificationRenderer } from '../template/notification-templates.ts';
import { type Truncated, truncateRunes } from '../template/truncate.ts';
import type { SendInput } from './integration.ts';
import { fittingText } from './outgoing.ts';
import { type PlainMessage, plainMessage } from './plain-message.ts';

export class FieldRenderer {
  readonly #render: NotificationRenderer;
  readonly #data: NotificationData;
  readonly #errors: string[] = [];
  #plain: PlainMessage | null = null;

  constructor({ data, templates, now, links }: SendInput) {
    this.#render = templates.renderer(data, now, links?.page);
    this.#data = data;
  }

  /** What goes out without any template. */
  get plain(): PlainMessage {
    this.#plain ??= plainMessage(this.#data);
    return this.#plain;
  }

  get errors(): readonly string[] {
    return this.#errors;
  }

  text(template: string, fallback = ''): string {
    return this.#orFallback(this.#render.text(template), fallback);
  }

  /** As HTML, or null where the template failed. */
  html(template: string): string | null {
    const rendered = this.#render.html(template);
    if ('text' in rendered) return rendered.text;
    this.#errors.push(rendered.error);
    return null;
  }

  deep(value: PlainValue, fallback: PlainValue): PlainValue {
    const rendered = renderDeep(value, (text) => this.#render.text(text));
    if ('value' in rendered) return rendered.value;
    this.#errors.push(rendered.error);
    return fallback;
  }

  /** The text that people read, at most so long; the built-in one where its template fails. To be asked for last: it names all errors. */
  body(template: string, { max, truncate = truncateRunes }: { readonly max: number; readonly truncate?: Truncate }): string {
    return this.noted(this.text(template, this.plain.text), { max, truncate });
  }

  /** As `body`, of the length that lets the JSON of what `make` makes of it be at most `bytesMax`. */
  fittingBody(template: string, bytesMax: number, make: (text: string) => unknown): string {
    const text = this.text(template, this.plain.text);
    const note = this.#note(truncateRunes);
    return fittingText(text, bytesMax, (part) => make(part + note)) + note;
  }

  /** A text with the errors below it, which are kept where it is too long. */
  noted(text: string, { max, truncate = truncateRunes }: { readonly max: number; readonly truncate?: Truncate }): string {
    const note = this.#note(truncate);
    return note === '' ? truncate(text, max).text : truncate(text, max - NOTE_MAX).text + note;
  }

  #note(truncate: Truncate): string {
    if (this.#errors.length === 0) return '';
    return truncate(`\n\nBuilt-in text stands in here, because a template failed: ${this.#errors.join('; ')}`, NOTE_MAX).text;
  }

  #orFallback(rendered: Rendered, fallback: string): string {
    if ('text' in rendered) return rendered.text;
    this.#errors.push(rendered.error);
    return fallback;
  }
}

export type Truncate = (text: string, max: number) => Truncated;

/** Runes or bytes, as the text they stand below is counted; no provider's limit of a body is near. */
const NOTE_MAX = 300;
/** For providers that set no limit: beyond any text that anybody reads. */
export const UNLIMITED = 1_000_000_000;

/** Says that a secret, which may be a template, came out empty. */
export const emptySecret = (name: string, { errors }: FieldRenderer): string =>
  errors.length === 0 ? `${name} is empty` : `${name} is empty, because its template failed: ${errors.join('; ')}`;
