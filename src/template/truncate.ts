/** How Alertmanager shortens what a provider limits (notify/util.go); the mark of a cut is an ellipsis where it fits. */
import { firstRunes, runeCount } from '../lib/runes.ts';
import { utf8Length } from '../lib/utf8-bytes.ts';

export type Truncated = { readonly text: string; readonly isTruncated: boolean };

const MARK = '…';
const MARK_BYTES = 3;

/** To at most `max` runes. */
export function truncateRunes(text: string, max: number): Truncated {
  if (runeCount(text) <= max) return { text, isTruncated: false };
  return { text: max <= 3 ? firstRunes(text, max) : firstRunes(text, max - 1) + MARK, isTruncated: true };
}

/** To at most `max` bytes of UTF-8, between runes. */
export function truncateBytes(text: string, max: number): Truncated {
  if (utf8Length(text) <= max) return { text, isTruncated: false };
  if (max < MARK_BYTES) return { text: '.'.repeat(max), isTruncated: true };
  let kept = '';
  let length = 0;
  for (const rune of text) {
    length += utf8Length(rune);
    if (length > max - MARK_BYTES) break;
    kept += rune;
  }
  return { text: kept + MARK, isTruncated: true };
}
