/**
 * About how many instructions a regular expression is compiled to (re2js, which writes repeats out), told from its text in
 * one pass: compiling takes a microsecond and a few hundred bytes for each. What is no pattern has a size as well.
 */
export function regexSize(source: string): number {
  let size = 0;
  /** Of what a repeat would repeat. */
  let last = 0;
  const outer: number[] = [];
  REGEX_TOKEN.lastIndex = 0;
  for (let token = REGEX_TOKEN.exec(source); token !== null; token = REGEX_TOKEN.exec(source)) {
    const [text, literal, least, most = ''] = token;
    switch (least === undefined ? text[0] : '{}') {
      case '(':
        outer.push(size);
        size = 0;
        last = 0;
        break;
      case ')':
        last = size + 2;
        size = last + (outer.pop() ?? 0);
        break;
      case '{}': {
        const times = Math.max(Number(least), Number(most));
        size += last * (times - 1) + (times - Number(least));
        last *= times;
        break;
      }
      default:
        last = literal === undefined ? 1 : literal.length;
        size += last;
    }
  }
  return size;
}

/** A group's beginning with its flags or name, a quotation, an escape, a class, a count, or any other character. */
export const REGEX_TOKEN =
  /\((?:\?(?:P?<\w+>|[imsU-]*:?))?|\\Q((?:(?!\\E)[^])*)(?:\\E)?|\\[pPx]\{[^}]*\}|\\[^]?|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]?|\{(\d+)(?:,(\d*))?\}|[^]/gu;
