/**
 * Order of strings by their UTF-8 bytes, as Go compares them. JavaScript's `<` compares UTF-16 units, which differs
 * where a surrogate pair (U+10000 and above) meets U+E000..U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Moves surrogates above U+FFFF, where the code points that they encode lie. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

/** Sorts in place. Nearly all texts have no surrogates, and then the order is JavaScript's own, which needs no function. */
export function sortUtf8(texts: string[]): string[] {
  for (const text of texts) if (SURROGATE.test(text)) return texts.sort(compareUtf8);
  return texts.sort();
}

const SURROGATE = /[\ud800-\udfff]/;
