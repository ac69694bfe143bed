/**
 * How a text travels: in the alphabet of GSM 03.38, where 160 characters are one segment and 153 each of several, or,
 * where a single character is not in it, in UTF-16 with 70 and 67. Each segment is paid for. So texts are put into the
 * alphabet where nothing is lost by that: typographic signs and accents it lacks get their plain neighbours, pictures
 * go. Letters of other scripts stay, and cost what they cost. Cuts fall between what a reader sees as characters.
 */

const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** Behind an escape: two places each. */
const EXTENDED = '^{}\\[~]|€\f';
const PLACES: ReadonlyMap<string, number> = new Map([
  ...[...BASIC].map((char): [string, number] => [char, 1]),
  ...[...EXTENDED].map((char): [string, number] => [char, 2]),
]);

const NEIGHBOURS: Readonly<Record<string, string>> = {
  '‘': "'",
  '’': "'",
  '‚': "'",
  '´': "'",
  '`': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '«': '"',
  '»': '"',
  '‐': '-',
  '‑': '-',
  '–': '-',
  '—': '-',
  '−': '-',
  '…': '...',
  '·': '.',
  '•': '*',
  '×': 'x',
  '÷': '/',
  '→': '->',
  '←': '<-',
  '⇒': '=>',
  '≥': '>=',
  '≤': '<=',
  '≠': '!=',
  '±': '+-',
  '°': ' deg ',
  µ: 'u',
  μ: 'u',
  '²': '2',
  '³': '3',
  '½': '1/2',
  '©': '(c)',
  '®': '(R)',
  '™': '(TM)',
  ø: 'ø',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ı: 'i',
  œ: 'oe',
  Œ: 'OE',
  '\t': ' ',
};

/** The text as it is sent: in the alphabet where it can be, else as it stands but for what no telephone shows. */
export function sendable(text: string): string {
  const clean = text
    .replace(/\r\n?/g, '\n')
    .replace(/[\p{Cc}\p{Cs}\p{Zs}]/gu, (char) => (char === '\n' ? char : char === '\t' || /\p{Zs}/u.test(char) ? ' ' : ''));
  const plain = [...clean].map(neighbour).join('');
  return [...plain].every((char) => PLACES.has(char)) ? plain : clean;
}

function neighbour(char: string): string {
  if (PLACES.has(char)) return char;
  const known = NEIGHBOURS[char];
  if (known !== undefined) return known;
  const base = char.normalize('NFKD').replace(/\p{M}/gu, '');
  if (base !== '' && [...base].every((part) => PLACES.has(part))) return base;
  // A letter or a digit would be lost: the caller keeps the whole as it is.
  if (/[\p{L}\p{N}]/u.test(char)) return char;
  return /[\p{M}\p{So}\p{Sk}\p{Cf}\p{Co}\p{Cn}]/u.test(char) ? '' : '?';
}

/** How many segments a text takes that `sendable` has made. */
export function segmentCount(text: string): number {
  const isGsm = [...text].every((char) => PLACES.has(char));
  const [single, each] = isGsm ? [160, 153] : [70, 67];
  const placesOf = (char: string): number => (isGsm ? (PLACES.get(char) ?? 1) : char.length);
  let places = 0;
  let segments = 1;
  let inSegment = 0;
  for (const char of text) {
    const own = placesOf(char);
    places += own;
    // What takes two places is not torn apart.
    if (inSegment + own > each) {
      segments++;
      inSegment = 0;
    }
    inSegment += own;
  }
  return places <= single ? 1 : segments;
}

const CUT = '...';
/** More than any number of segments holds; a label may be a thousand times as long. */
const CHARS_MAX = 1600;

/** `head`, shortened where that must be, with `tail` whole behind it, in at most so many segments. */
export function fitted(head: string, tail: string, segmentsMax: number): string {
  const end = sendable(tail);
  const whole = sendable(head.slice(0, CHARS_MAX * 2));
  if (head.length <= CHARS_MAX && segmentCount(whole + end) <= segmentsMax) return whole + end;
  const characters = [...new Intl.Segmenter('en').segment(whole)].map(({ segment }) => segment);
  const cutAt = (count: number): string => `${characters.slice(0, count).join('').trimEnd()}${CUT}${end}`;
  let low = 0;
  let high = Math.min(characters.length, CHARS_MAX);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (segmentCount(cutAt(middle)) <= segmentsMax) low = middle;
    else high = middle - 1;
  }
  return cutAt(low);
}
