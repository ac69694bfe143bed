/**
 * A text made so that a voice can read it to somebody half asleep: names in their words, numbers with their units spoken,
 * no address, no bracket, no long string of signs, and not too much of it.
 */

const CHARS_MAX = 600;
/** Longer words are identifiers: their end is not worth a minute. */
const WORD_CHARS_MAX = 28;

const UNITS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  ms: ['millisecond', 'milliseconds'],
  s: ['second', 'seconds'],
  m: ['minute', 'minutes'],
  h: ['hour', 'hours'],
  d: ['day', 'days'],
  w: ['week', 'weeks'],
  y: ['year', 'years'],
};
const SIZES: Readonly<Record<string, string>> = { '': '', k: 'kilo', K: 'kilo', M: 'mega', G: 'giga', T: 'tera', P: 'peta' };

export function speakable(text: string): string {
  const spoken = text
    // Of a label of a megabyte only the beginning is of use.
    .slice(0, CHARS_MAX * 8)
    .replace(/[\n\r]+/g, '. ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, ' ')
    .replace(/\b(?:https?|ftp):\/\/\S+|\bwww\.\S+/gi, ' ')
    .replace(/(\d)\s*°\s*([CF]\b)?/g, (_, digit: string, scale = '') => `${digit} degrees ${scale}`)
    .replace(/[\p{So}\p{Sk}\p{M}]/gu, ' ')
    .replace(/(\d)\s*%/g, '$1 percent ')
    .replace(/(\d)\s*([kKMGTP]?)i?B\/s\b/g, (_, digit: string, size: string) => `${digit} ${SIZES[size] ?? ''}bytes per second`)
    .replace(/(\d)\s*([kKMGTP]?)i?B\b/g, (_, digit: string, size: string) => `${digit} ${SIZES[size] ?? ''}bytes`)
    .replace(/(\d)\/s\b/g, '$1 per second')
    .replace(/(?<![\w.])(?:\d+(?:\.\d+)?(?:ms|[smhdwy])\s?)+(?![\w])/g, durations)
    .replace(/>=|≥/g, ' at least ')
    .replace(/<=|≤/g, ' at most ')
    .replace(/!=|≠/g, ' is not ')
    .replace(/>/g, ' above ')
    .replace(/</g, ' below ')
    .replace(/=+/g, ' is ')
    .replace(/&/g, ' and ')
    .replace(/\+(?=\d)/g, ' plus ')
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replace(/[()[\]{}|]+/g, ', ')
    .replace(/[_"“”„«»`~^#*\\/@$§]+/g, ' ')
    .replace(/\S+/g, (word) => (word.length > WORD_CHARS_MAX ? word.slice(0, WORD_CHARS_MAX) : word))
    .replace(/\s+/g, ' ')
    .replace(/\s+([.,:;!?])/g, '$1')
    .replace(/([.,:;!?])(?:[,.:;]|\s(?=[.,:;]))+/g, '$1')
    .replace(/^[\s.,:;]+|[\s,:;]+$/g, '')
    .trim();
  return cutAtWord(spoken, CHARS_MAX);
}

/** Digits one by one, as a code or the end of a telephone number is said. */
export const digitByDigit = (text: string): string => [...text.replace(/\D/g, '')].join(' ');

function durations(text: string): string {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdwy])/g)].filter(([, count], i) => i === 0 || count !== '0');
  return ` ${parts.map(([, count = '', unit = '']) => `${count} ${UNITS[unit]?.[count === '1' ? 0 : 1] ?? ''}`).join(' ')} `;
}

function cutAtWord(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, max);
  const space = cut.lastIndexOf(' ');
  return `${(space > 0 ? cut.slice(0, space) : cut).replace(/[\s.,:;]+$/, '')}, and more`;
}
