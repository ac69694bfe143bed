/**
 * Go's strings.ToLower and ToUpper: rune by rune, without the context and length changes of JavaScript's
 * (ß stays ß, a final sigma is an ordinary one).
 */
export const goToLower = (text: string): string => (ASCII.test(text) ? text.toLowerCase() : byRune(text, lowerRune));

export const goToUpper = (text: string): string => (ASCII.test(text) ? text.toUpperCase() : byRune(text, upperRune));

// oxlint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/;

function byRune(text: string, map: (rune: string) => string): string {
  let out = '';
  for (const rune of text) out += map(rune);
  return out;
}

/** U+0130 is the one rune whose full lower case has two code points and whose simple one has one. */
const lowerRune = (rune: string): string => (rune === '\u0130' ? 'i' : rune.toLowerCase());

function upperRune(rune: string): string {
  const upper = rune.toUpperCase();
  return [...upper].length === 1 ? upper : rune;
}
