/** Texts counted in runes (code points), as Go counts where it does not count bytes. */

/** The text's first runes, at most `count`. */
export function firstRunes(text: string, count: number): string {
  let end = 0;
  for (let i = 0; i < count && end < text.length; i++) end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  return text.slice(0, end);
}

export function runeCount(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; count++) i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1;
  return count;
}
