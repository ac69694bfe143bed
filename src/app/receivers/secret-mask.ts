/** Takes secrets out of texts that are shown, in whatever way they were written into an address, a body or an answer. */
import { parseGoUrl } from '../../lib/go-url.ts';
import { queryEscape } from '../../lib/query-escape.ts';

const MASK = '<secret>';
/** Of shorter ones only whole words are taken for the secret: a token "t" is not in every word. */
const ANYWHERE_CHARS_MIN = 6;

export class SecretMask {
  readonly #masks = new Map<string, string>();

  add(secret: string): void {
    if (secret === '') return;
    const url = parseGoUrl(secret);
    // Of an address that is a secret as a whole the host is none.
    const shown = 'error' in url || url.host === '' ? MASK : `${url.scheme}://${url.host}/${MASK}`;
    for (const spelled of [secret, queryEscape(secret), encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
      this.#masks.set(spelled, shown);
  }

  has(text: string): boolean {
    return this.#masks.has(text);
  }

  apply(text: string): string {
    let masked = text;
    for (const [secret, shown] of [...this.#masks].sort(([a], [b]) => b.length - a.length)) {
      const isLong = secret.length >= ANYWHERE_CHARS_MIN;
      const source = secret.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      const pattern = new RegExp(isLong ? source : `(?<![A-Za-z0-9])${source}(?![A-Za-z0-9])`, 'g');
      masked = masked.replace(pattern, () => shown);
    }
    return masked;
  }
}
