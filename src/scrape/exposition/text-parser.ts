/**
 * Prometheus' text format 0.0.4 and 1.0.0 (the latter adds quoted UTF-8 names). Follows the lexer states of
 * prometheus/model/textparse/promlex.l, with its tolerance: blanks almost anywhere, commas between labels optional.
 * One thing differs: there, a NUL where a line begins quietly ends the body; here it is the error that binary data is.
 * Leaves out nothing of the format; it knows neither units, exemplars nor start timestamps.
 * Hot path: nextKnown runs once per sample of a target seen before and allocates nothing.
 */
import { sameBytes, viewOf } from '../../lib/bytes.ts';
import { unreachable } from '../../lib/never.ts';
import { FloatReader } from '../../lib/parse-float.ts';
import { isUtf8 } from '../../lib/utf8.ts';
import type { FloatHistogram } from '../../model/histogram.ts';
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  COMMA,
  decodeUtf8,
  EQUAL,
  HASH,
  isDigit,
  labelNameEnd,
  metricNameEnd,
  metricTypeAt,
  NEWLINE,
  NUL,
  parseExposedFloat,
  plainLabelsEnd,
  QUOTE,
  quoteBytes,
  quotedEnd,
  SPACE,
  startsWith,
  TAB,
  type Token,
  unescapeHelp,
} from './lexemes.ts';
import type { Entry, Exemplar, ExpositionParser, MetricType, ParserOptions } from './parser.ts';
import { SeriesSpans } from './series-spans.ts';

/** What the lexer expects next; each state knows its own tokens. */
type State = 'line' | 'family' | 'text' | 'labels' | 'label value' | 'value' | 'timestamp';

const NAME_QUOTES = { newlines: true, nuls: false };
const VALUE_QUOTES = { newlines: true, nuls: true };
const INT64_MAX = 2 ** 63 - 1;

export class TextParser implements ExpositionParser {
  error = '';
  readonly raw: Uint8Array;
  readonly rawView: DataView;
  rawFrom = 0;
  rawTo = 0;
  value = 0;
  hasTimestamp = false;
  timestampMs = 0;

  readonly #metadata: { readonly unit: string } | null;
  readonly #floats = new FloatReader();
  /** Where the next token starts, and where the current one did. */
  #at = 0;
  #tokenFrom = 0;
  #state: State = 'line';
  #entryFrom = 0;
  readonly #spans = new SeriesSpans();
  /** The current series was recognised, not read: its spans are yet to be found. */
  #isUnread = false;
  #familyFrom = 0;
  #familyTo = 0;
  #textFrom = 0;
  #textTo = 0;
  #type: MetricType | null = null;

  constructor(body: Uint8Array, options: ParserOptions) {
    this.raw = withLastNewline(body);
    this.rawView = viewOf(this.raw);
    this.#metadata = options.typeAndUnitLabels ? { unit: '' } : null;
  }

  next(): Entry {
    for (;;) {
      this.#entryFrom = this.#at;
      this.#isUnread = false;
      this.#spans.clear();
      const token = this.#token();
      switch (token) {
        case 'EOF':
          return 'end';
        case 'LINEBREAK':
          continue;
        case 'HELP':
        case 'TYPE':
          return this.#readMetadata(token);
        case 'COMMENT': {
          this.rawFrom = this.#tokenFrom;
          this.rawTo = this.#at;
          const after = this.#token();
          return after === 'LINEBREAK' ? 'comment' : this.#unexpected('linebreak expected after comment', after);
        }
        case 'BOPEN':
        case 'MNAME':
          if (!this.#readSeries(token)) return 'error';
          return this.#readValue(this.#token());
        default:
          return this.#unexpected('expected a valid start token', token);
      }
    }
  }

  nextKnown(keys: DataView, from: number, length: number): Entry | null {
    const { raw } = this;
    const entryFrom = this.#at;
    let at = entryFrom + length;
    if (at >= raw.length) return null;
    if (!sameBytes(this.rawView, entryFrom, keys, from, length)) return null;
    if (raw[at - 1] !== BRACE_CLOSE) {
      // A bare name: it must end here, and no labels may follow.
      const byte = raw[at];
      if (byte !== SPACE && byte !== TAB) return null;
      at = this.#afterBlanks(at);
      if (raw[at] === BRACE_OPEN) return null;
    } else at = this.#afterBlanks(at);
    this.#entryFrom = entryFrom;
    this.rawFrom = entryFrom;
    this.rawTo = entryFrom + length;
    this.#isUnread = true;
    const end = this.#floats.read(raw, at);
    if (end >= 0 && raw[end] === NEWLINE) {
      this.value = this.#floats.value;
      this.hasTimestamp = false;
      this.#state = 'line';
      this.#at = end + 1;
      return 'series';
    }
    this.#state = 'value';
    this.#at = this.rawTo;
    return this.#readValue(this.#token());
  }

  pairs(): string[] | { readonly error: string } {
    if (this.#isUnread) this.#rereadSeries();
    return this.#spans.pairs({ bytes: this.raw, from: this.rawFrom, to: this.rawTo }, this.#type, this.#metadata);
  }

  exemplar(): Exemplar | null {
    return null;
  }

  startTimestamp(): number {
    return 0;
  }

  histogram(): FloatHistogram {
    throw new Error('BUG: the text format has no native histograms');
  }

  family(): string {
    return decodeUtf8(this.raw, this.#familyFrom, this.#familyTo);
  }

  text(): string {
    return unescapeHelp(decodeUtf8(this.raw, this.#textFrom, this.#textTo));
  }

  metricType(): MetricType | null {
    return this.#type;
  }

  #readMetadata(kind: 'HELP' | 'TYPE'): Entry {
    const { raw } = this;
    const name = this.#token();
    if (name !== 'MNAME') return this.#unexpected(`expected metric name after ${kind}`, name);
    const quoted = raw[this.#tokenFrom] === QUOTE ? 1 : 0;
    this.#familyFrom = this.#tokenFrom + quoted;
    this.#familyTo = this.#at - quoted;
    const text = this.#token();
    if (text !== 'TEXT') return this.#fail(`expected text in ${kind}, got ${text}`);
    this.#textFrom = Math.min(this.#tokenFrom + 1, this.#at);
    this.#textTo = this.#at;
    if (kind === 'TYPE') {
      const type = typeAt(raw, this.#textFrom, this.#textTo);
      if (type === null) return this.#fail(`invalid metric type ${quoteBytes(raw, this.#textFrom, this.#textTo)}`);
      this.#type = type;
    } else if (!isUtf8(raw, this.#textFrom, this.#textTo)) {
      return this.#fail(`help text ${quoteBytes(raw, this.#textFrom, this.#textTo)} is not a valid utf8 string`);
    }
    this.rawFrom = this.#entryFrom;
    this.rawTo = this.#at;
    const after = this.#token();
    if (after !== 'LINEBREAK') return this.#unexpected('linebreak expected after metadata', after);
    return kind === 'TYPE' ? 'type' : 'help';
  }

  /** Reads name and labels, the first token of which has been taken. Blanks before the name count as part of it. */
  #readSeries(first: 'BOPEN' | 'MNAME'): boolean {
    let end = this.#at;
    if (first === 'MNAME') {
      this.#spans.setName(this.#entryFrom, end);
      const brace = this.#afterBlanks(end);
      if (this.raw[brace] === BRACE_OPEN) {
        this.#at = brace + 1;
        this.#state = 'labels';
        if (!this.#readLabels()) return false;
        end = this.#at;
      }
    } else {
      if (!this.#readLabels()) return false;
      end = this.#at;
    }
    this.rawFrom = this.#entryFrom;
    this.rawTo = end;
    return true;
  }

  #rereadSeries(): void {
    const at = this.#at;
    this.#at = this.#entryFrom;
    this.#state = 'line';
    this.#spans.clear();
    const token = this.#token();
    if ((token !== 'BOPEN' && token !== 'MNAME') || !this.#readSeries(token)) throw new Error('BUG: a known series cannot be read again');
    this.#at = at;
    this.#state = 'line';
    this.#isUnread = false;
  }

  #readLabels(): boolean {
    const { raw } = this;
    const spans = this.#spans;
    const plainEnd = plainLabelsEnd(raw, this.#at, spans.labels);
    if (plainEnd > this.#at && raw[plainEnd - 1] === BRACE_CLOSE) {
      this.#at = plainEnd;
      this.#state = 'value';
      return true;
    }
    this.#at = plainEnd;
    let token = this.#token();
    for (;;) {
      if (token === 'BCLOSE') return true;
      if (token !== 'LNAME' && token !== 'QSTRING') return this.#isBroken('expected label name', token);
      const isQuoted = token === 'QSTRING';
      const from = isQuoted ? this.#tokenFrom + 1 : this.#tokenFrom;
      const to = isQuoted ? this.#at - 1 : this.#at;
      token = this.#token();
      // A quoted string before a comma or the closing brace is the metric name.
      if (isQuoted && (token === 'COMMA' || token === 'BCLOSE')) {
        if (spans.hasName) {
          this.#fail(`metric name already set while parsing: ${quoteBytes(raw, this.#entryFrom, this.#at)}`);
          return false;
        }
        spans.setName(from, to);
        if (token === 'BCLOSE') return true;
        token = this.#token();
        continue;
      }
      if (token !== 'EQUAL') return this.#isBroken('expected equal', token);
      token = this.#token();
      if (token !== 'LVALUE') return this.#isBroken('expected label value', token);
      if (!isUtf8(raw, this.#tokenFrom, this.#at)) {
        this.#fail(`invalid UTF-8 label value: ${quoteBytes(raw, this.#tokenFrom, this.#at)}`);
        return false;
      }
      spans.labels.push(from, to, this.#tokenFrom + 1, this.#at - 1);
      token = this.#token();
      if (token === 'COMMA') token = this.#token();
    }
  }

  /** Reads what follows name and labels, to the end of the line. */
  #readValue(token: Token): Entry {
    const { raw } = this;
    if (!this.#isUnread && !this.#spans.hasName) {
      return this.#fail(`metric name not set while parsing: ${quoteBytes(raw, this.#entryFrom, this.#at)}`);
    }
    if (token !== 'VALUE') return this.#unexpected('expected value after metric', token);
    if (this.#floats.read(raw, this.#tokenFrom) === this.#at) this.value = this.#floats.value;
    else {
      const text = decodeUtf8(raw, this.#tokenFrom, this.#at);
      const float = parseExposedFloat(text);
      if (typeof float !== 'number') return this.#fail(`${float.error} while parsing: ${quoteBytes(raw, this.#entryFrom, this.#at)}`);
      this.value = float;
    }
    const next = this.#token();
    this.hasTimestamp = next === 'TIMESTAMP';
    if (next === 'LINEBREAK') return 'series';
    if (next !== 'TIMESTAMP') return this.#unexpected('expected timestamp or new record', next);
    this.timestampMs = Number(decodeUtf8(raw, this.#tokenFrom, this.#at));
    if (this.timestampMs > INT64_MAX) {
      const text = quoteBytes(raw, this.#tokenFrom, this.#at);
      return this.#fail(
        `strconv.ParseInt: parsing ${text}: value out of range while parsing: ${quoteBytes(raw, this.#entryFrom, this.#at)}`,
      );
    }
    const last = this.#token();
    return last === 'LINEBREAK' ? 'series' : this.#unexpected('expected next entry after timestamp', last);
  }

  /** The next token that is not blank. On INVALID, #at is the byte that fits no token. */
  #token(): Token {
    const { raw } = this;
    const from = this.#state === 'text' ? this.#at : this.#afterBlanks(this.#at);
    this.#at = from;
    if (from >= raw.length) return 'EOF';
    this.#tokenFrom = from;
    const byte = raw[from];
    switch (this.#state) {
      case 'line':
        if (byte === NEWLINE) return this.#take(1, 'line', 'LINEBREAK');
        if (byte === BRACE_OPEN) return this.#take(1, 'labels', 'BOPEN');
        if (byte === HASH) return this.#commentToken(from);
        return this.#takeTo(metricNameEnd(raw, from), 'value', 'MNAME');
      case 'family': {
        const end = byte === QUOTE ? quotedEnd(raw, from, NAME_QUOTES) : metricNameEnd(raw, from);
        return this.#takeTo(end, 'text', 'MNAME');
      }
      case 'text': {
        const end = raw.indexOf(NEWLINE, from);
        // Nothing but blanks is no text.
        if (this.#afterBlanks(from) === end) this.#tokenFrom = end;
        this.#at = end;
        this.#state = 'line';
        return 'TEXT';
      }
      case 'labels':
        if (byte === QUOTE) return this.#takeTo(quotedEnd(raw, from, NAME_QUOTES), 'labels', 'QSTRING');
        if (byte === BRACE_CLOSE) return this.#take(1, 'value', 'BCLOSE');
        if (byte === EQUAL) return this.#take(1, 'label value', 'EQUAL');
        if (byte === COMMA) return this.#take(1, 'labels', 'COMMA');
        return this.#takeTo(labelNameEnd(raw, from), 'labels', 'LNAME');
      case 'label value':
        return byte === QUOTE ? this.#takeTo(quotedEnd(raw, from, VALUE_QUOTES), 'labels', 'LVALUE') : 'INVALID';
      case 'value': {
        let end = from;
        while (!endsValue(raw[end])) end++;
        return this.#takeTo(end, 'timestamp', 'VALUE');
      }
      case 'timestamp': {
        if (byte === NEWLINE) return this.#take(1, 'line', 'LINEBREAK');
        let end = from;
        while (isDigit(raw[end])) end++;
        return this.#takeTo(end, 'timestamp', 'TIMESTAMP');
      }
      default:
        return unreachable(this.#state);
    }
  }

  /** # HELP, # TYPE or a comment, which ends before its newline. */
  #commentToken(from: number): Token {
    const { raw } = this;
    const word = this.#afterBlanks(from + 1);
    const kind = startsWith(raw, word, 'HELP') ? 'HELP' : startsWith(raw, word, 'TYPE') ? 'TYPE' : null;
    if (word > from + 1 && kind !== null) {
      const end = this.#afterBlanks(word + 4);
      if (end > word + 4) return this.#take(end - from, 'family', kind);
    }
    this.#at = raw.indexOf(NEWLINE, from);
    return 'COMMENT';
  }

  #take(length: number, state: State, token: Token): Token {
    this.#at += length;
    this.#state = state;
    return token;
  }

  /** `end` at or before the token's start: no token. Negative: the complement of where the scan stopped. */
  #takeTo(end: number, state: State, token: Token): Token {
    if (end < 0) {
      this.#at = ~end;
      return 'INVALID';
    }
    if (end === this.#at) return 'INVALID';
    this.#at = end;
    this.#state = state;
    return token;
  }

  #afterBlanks(from: number): number {
    const { raw } = this;
    let i = from;
    while (raw[i] === SPACE || raw[i] === TAB) i++;
    return i;
  }

  #isBroken(expected: string, token: Token): false {
    this.#unexpected(expected, token);
    return false;
  }

  #unexpected(expected: string, token: Token): 'error' {
    const end = Math.min(this.raw.length, this.#at + 1);
    const got = `${quoteBytes(this.raw, this.#tokenFrom, end)} ("${token}")`;
    return this.#fail(`${expected}, got ${got} while parsing: ${quoteBytes(this.raw, this.#entryFrom, end)}`);
  }

  #fail(error: string): 'error' {
    this.error = error;
    return 'error';
  }
}

const endsValue = (byte: number | undefined): boolean =>
  byte === SPACE || byte === NEWLINE || byte === TAB || byte === BRACE_OPEN || byte === NUL || byte === undefined;

const typeAt = (bytes: Uint8Array, from: number, to: number): MetricType | null => {
  if (to - from === 7 && startsWith(bytes, from, 'untyped')) return 'unknown';
  const type = metricTypeAt(bytes, from, to);
  return type === 'counter' || type === 'gauge' || type === 'histogram' || type === 'summary' ? type : null;
};

function withLastNewline(body: Uint8Array): Uint8Array {
  if (body.length > 0 && body[body.length - 1] === NEWLINE) return body;
  const ended = new Uint8Array(body.length + 1);
  ended.set(body);
  ended[body.length] = NEWLINE;
  return ended;
}
