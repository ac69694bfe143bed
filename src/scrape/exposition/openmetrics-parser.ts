/**
 * OpenMetrics 1.0 text, with quoted UTF-8 names. Follows the lexer states of
 * prometheus/model/textparse/openmetricslex.l: single blanks, exemplars, timestamps in seconds, # EOF at the end.
 * The order of a family's lines is not checked, as Prometheus does not.
 * Hot path: nextKnown runs once per sample of a target seen before and allocates nothing for samples without exemplar.
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
  type Token,
  unescapeLabel,
} from './lexemes.ts';
import type { Entry, Exemplar, ExpositionParser, MetricType, ParserOptions } from './parser.ts';
import { SeriesSpans } from './series-spans.ts';

/** What the lexer expects next; each state knows its own tokens. */
type State =
  | 'line'
  | 'family'
  | 'text'
  | 'labels'
  | 'label value'
  | 'value'
  | 'timestamp'
  | 'exemplar'
  | 'exemplar value'
  | 'exemplar timestamp';

const NAME_QUOTES = { newlines: true, nuls: false };
const VALUE_QUOTES = { newlines: false, nuls: true };
const EXEMPLAR_QUOTES = { newlines: false, nuls: false };
const CREATED = '_created';
const NO_EOF = 'data does not end with # EOF';

type Created = {
  /** Of the metric; null when the family ends without such a line. */
  readonly key: string | null;
  /** Where the line, or what ends the family, begins. */
  readonly from: number;
  readonly startMs: number;
};

export class OpenMetricsParser implements ExpositionParser {
  error = '';
  readonly raw: Uint8Array;
  readonly rawView: DataView;
  rawFrom = 0;
  rawTo = 0;
  value = 0;
  hasTimestamp = false;
  timestampMs = 0;

  readonly #options: ParserOptions;
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
  #unit = '';

  readonly #exemplarSpans = new SeriesSpans();
  #hasExemplar = false;
  #exemplarValue = 0;
  #exemplarTimestampMs: number | null = null;

  /** The next _created line after the current series, valid while its `from` is ahead. */
  #created: Created | null = null;
  /** The start timestamp found last, for the series of one metric after its _created line. */
  #lastKey = '';
  #lastStartMs = 0;

  constructor(body: Uint8Array, options: ParserOptions) {
    this.raw = body;
    this.rawView = viewOf(body);
    this.#options = options;
  }

  next(): Entry {
    for (;;) {
      this.#begin(this.#at);
      this.#spans.clear();
      const token = this.#token();
      switch (token) {
        case 'EOFWORD':
          return this.#at < this.raw.length ? this.#fail('unexpected data after # EOF') : 'end';
        case 'EOF':
          return this.#fail(NO_EOF);
        case 'HELP':
        case 'TYPE':
        case 'UNIT':
          return this.#readMetadata(token);
        case 'BOPEN':
        case 'MNAME': {
          if (!this.#readSeries(token)) return 'error';
          const entry = this.#readValue(this.#token());
          if (entry === 'series' && this.#options.startTimestamps && this.#isCreated()) continue;
          return entry;
        }
        default:
          return this.#unexpected('expected a valid start token', token);
      }
    }
  }

  nextKnown(keys: DataView, from: number, length: number): Entry | null {
    const { raw } = this;
    const entryFrom = this.#at;
    const at = entryFrom + length;
    if (at >= raw.length || raw[at] !== SPACE) return null;
    if (!sameBytes(this.rawView, entryFrom, keys, from, length)) return null;
    this.#begin(entryFrom);
    this.rawFrom = entryFrom;
    this.rawTo = at;
    this.#isUnread = true;
    const end = this.#floats.read(raw, at + 1);
    if (end >= 0 && raw[end] === NEWLINE) {
      this.value = this.#floats.value;
      this.hasTimestamp = false;
      this.#state = 'line';
      this.#at = end + 1;
      return 'series';
    }
    this.#state = 'value';
    this.#at = at;
    return this.#readValue(this.#token());
  }

  pairs(): string[] | { readonly error: string } {
    this.#reread();
    return this.#spans.pairs(
      { bytes: this.raw, from: this.rawFrom, to: this.rawTo },
      this.#type,
      this.#options.typeAndUnitLabels ? { unit: this.#unit } : null,
    );
  }

  exemplar(): Exemplar | null {
    if (!this.#hasExemplar) return null;
    this.#hasExemplar = false;
    const { labels } = this.#exemplarSpans;
    const pairs: string[] = [];
    for (let i = 0; i < labels.length; i += 2) pairs.push(decodeUtf8(this.raw, labels[i] ?? 0, labels[i + 1] ?? 0));
    return { pairs, value: this.#exemplarValue, timestampMs: this.#exemplarTimestampMs };
  }

  /**
   * The _created line belongs to the metric, comes somewhere after its series, and is looked for in the lines up to the
   * next metadata: the first one found decides, and it stays known for series of the same metric that follow it.
   */
  startTimestamp(): number {
    if (!hasCreated(this.#type)) {
      this.#lastKey = '';
      return 0;
    }
    this.#reread();
    const key = this.#metricKey(this.#familyTo - this.#familyFrom);
    if (key === this.#lastKey && this.#lastStartMs > 0) return this.#lastStartMs;
    if (this.#created === null || this.#created.from < this.#at) this.#created = this.#findCreated();
    const { key: createdKey, startMs } = this.#created;
    this.#lastKey = createdKey === key ? key : '';
    this.#lastStartMs = createdKey === key ? startMs : 0;
    return this.#lastStartMs;
  }

  histogram(): FloatHistogram {
    throw new Error('BUG: the OpenMetrics text format has no native histograms');
  }

  family(): string {
    return decodeUtf8(this.raw, this.#familyFrom, this.#familyTo);
  }

  text(): string {
    return unescapeLabel(decodeUtf8(this.raw, this.#textFrom, this.#textTo));
  }

  metricType(): MetricType | null {
    return this.#type;
  }

  #begin(entryFrom: number): void {
    this.#entryFrom = entryFrom;
    this.#isUnread = false;
    this.#hasExemplar = false;
  }

  #readMetadata(kind: 'HELP' | 'TYPE' | 'UNIT'): Entry {
    const { raw } = this;
    const name = this.#token();
    if (name !== 'MNAME') return this.#unexpected(`expected metric name after ${kind}`, name);
    const quoted = raw[this.#tokenFrom] === QUOTE ? 1 : 0;
    this.#familyFrom = this.#tokenFrom + quoted;
    this.#familyTo = this.#at - quoted;
    if (this.#token() !== 'TEXT') return this.#fail(`expected text in ${kind}`);
    this.#textFrom = this.#tokenFrom + 1;
    this.#textTo = this.#at - 1;
    this.rawFrom = this.#entryFrom;
    this.rawTo = this.#at;
    const text = (): string => quoteBytes(raw, this.#textFrom, this.#textTo);
    switch (kind) {
      case 'TYPE': {
        const type = metricTypeAt(raw, this.#textFrom, this.#textTo);
        if (type === null) return this.#fail(`invalid metric type ${text()}`);
        this.#type = type;
        return 'type';
      }
      case 'HELP':
        if (!isUtf8(raw, this.#textFrom, this.#textTo)) return this.#fail(`help text ${text()} is not a valid utf8 string`);
        return 'help';
      case 'UNIT': {
        this.#unit = decodeUtf8(raw, this.#textFrom, this.#textTo);
        const family = this.family();
        if (this.#unit !== '' && !family.endsWith(`_${this.#unit}`)) {
          return this.#fail(`unit ${text()} not a suffix of metric ${quoteBytes(raw, this.#familyFrom, this.#familyTo)}`);
        }
        return 'unit';
      }
      default:
        return unreachable(kind);
    }
  }

  /** Reads name and labels, the first token of which has been taken. */
  #readSeries(first: 'BOPEN' | 'MNAME'): boolean {
    if (first === 'BOPEN') {
      if (!this.#readLabels(this.#spans, false)) return false;
    } else {
      this.#spans.setName(this.#tokenFrom, this.#at);
      if (this.raw[this.#at] === BRACE_OPEN) {
        this.#at++;
        this.#state = 'labels';
        if (!this.#readLabels(this.#spans, false)) return false;
      }
    }
    this.rawFrom = this.#entryFrom;
    this.rawTo = this.#at;
    return true;
  }

  #reread(): void {
    if (!this.#isUnread) return;
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

  #readLabels(spans: SeriesSpans, isExemplar: boolean): boolean {
    const { raw } = this;
    const plainEnd = plainLabelsEnd(raw, this.#at, spans.labels);
    if (plainEnd > this.#at && raw[plainEnd - 1] === BRACE_CLOSE) {
      this.#at = plainEnd;
      this.#state = isExemplar ? 'exemplar value' : 'value';
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
      // A quoted string before a comma or the closing brace is the metric name, which an exemplar has not.
      if (isQuoted && (token === 'COMMA' || token === 'BCLOSE')) {
        if (isExemplar) return this.#isBroken('expected label name', token);
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
      else if (token !== 'BCLOSE') return this.#isBroken('expected comma or brace close', token);
    }
  }

  /** Reads what follows name and labels, to the end of the line. */
  #readValue(token: Token): Entry {
    if (!this.#isUnread && !this.#spans.hasName) {
      return this.#fail(`metric name not set while parsing: ${quoteBytes(this.raw, this.#entryFrom, this.#at)}`);
    }
    if (!this.#readFloat(token, 'metric')) return 'error';
    this.value = this.#floats.value;
    this.hasTimestamp = false;
    let next = this.#token();
    if (next === 'TIMESTAMP') {
      if (!this.#readTimestamp('timestamp')) return 'error';
      this.hasTimestamp = true;
      this.timestampMs = Math.trunc(this.#floats.value * 1000);
      next = this.#token();
      if (next !== 'LINEBREAK' && next !== 'COMMENT') return this.#unexpected('expected next entry after timestamp', next);
    }
    if (next === 'COMMENT') return this.#readExemplar();
    if (next === 'EOF') return this.#fail(NO_EOF);
    return next === 'LINEBREAK' ? 'series' : this.#unexpected('expected a valid start token', next);
  }

  #readExemplar(): Entry {
    this.#exemplarSpans.clear();
    if (!this.#readLabels(this.#exemplarSpans, true)) return 'error';
    if (!this.#readFloat(this.#token(), 'exemplar labels')) return 'error';
    this.#exemplarValue = this.#floats.value;
    this.#exemplarTimestampMs = null;
    this.#hasExemplar = true;
    const next = this.#token();
    switch (next) {
      case 'EOF':
        return this.#fail(NO_EOF);
      case 'LINEBREAK':
        return 'series';
      case 'TIMESTAMP': {
        if (!this.#readTimestamp('exemplar timestamp')) return 'error';
        this.#exemplarTimestampMs = Math.trunc(this.#floats.value * 1000);
        const last = this.#token();
        return last === 'LINEBREAK' ? 'series' : this.#unexpected('expected next entry after exemplar timestamp', last);
      }
      default:
        return this.#unexpected('expected timestamp or comment', next);
    }
  }

  #readFloat(token: Token, after: string): boolean {
    if (token !== 'VALUE') return this.#isBroken(`expected value after ${after}`, token);
    return this.#readNumber();
  }

  #readTimestamp(what: string): boolean {
    if (!this.#readNumber()) return false;
    const { value } = this.#floats;
    if (Number.isFinite(value)) return true;
    this.#fail(`invalid ${what} ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`);
    return false;
  }

  /** The number of the current token, which starts with a blank, into #floats.value. */
  #readNumber(): boolean {
    const { raw } = this;
    const from = this.#tokenFrom + 1;
    if (this.#floats.read(raw, from) === this.#at) return true;
    const float = parseExposedFloat(decodeUtf8(raw, from, this.#at));
    if (typeof float !== 'number') {
      this.#fail(`${float.error} while parsing: ${quoteBytes(raw, this.#entryFrom, this.#at)}`);
      return false;
    }
    this.#floats.value = float;
    return true;
  }

  #isCreated(): boolean {
    const { nameFrom, nameTo } = this.#spans;
    return hasCreated(this.#type) && nameTo - nameFrom >= CREATED.length && startsWith(this.raw, nameTo - CREATED.length, CREATED);
  }

  /** Looks ahead with a parser of its own, from the end of the current series. */
  #findCreated(): Created {
    const ahead = new OpenMetricsParser(this.raw, { typeAndUnitLabels: false, startTimestamps: false });
    ahead.#at = this.#at;
    ahead.#type = this.#type;
    for (;;) {
      if (ahead.next() !== 'series') return { key: null, from: ahead.#entryFrom, startMs: 0 };
      if (ahead.#isCreated()) {
        const { nameFrom, nameTo } = ahead.#spans;
        const key = ahead.#metricKey(nameTo - nameFrom - CREATED.length);
        return { key, from: ahead.#entryFrom, startMs: Math.trunc(ahead.value * 1000) };
      }
    }
  }

  /** Family name and labels of the current series without le or quantile; equal for the series of one metric. */
  #metricKey(familyLength: number): string {
    const { nameFrom, labels } = this.#spans;
    const skipped = this.#type === 'summary' ? 'quantile' : this.#type === 'histogram' ? 'le' : null;
    let key = decodeUtf8(this.raw, nameFrom, Math.min(nameFrom + familyLength, this.raw.length));
    for (let i = 0; i < labels.length; i += 4) {
      const name = decodeUtf8(this.raw, labels[i] ?? 0, labels[i + 1] ?? 0);
      if (name !== skipped) key += `\xff${name}\xff${decodeUtf8(this.raw, labels[i + 2] ?? 0, labels[i + 3] ?? 0)}`;
    }
    return key;
  }

  /** On INVALID, #at is the byte that fits no token. */
  #token(): Token {
    const { raw } = this;
    const from = this.#at;
    if (from >= raw.length) return 'EOF';
    this.#tokenFrom = from;
    const byte = raw[from];
    switch (this.#state) {
      case 'line':
        if (byte === BRACE_OPEN) return this.#take(1, 'labels', 'BOPEN');
        if (byte === HASH) return this.#metadataToken(from);
        return this.#takeTo(metricNameEnd(raw, from), 'value', 'MNAME');
      case 'family': {
        const end = byte === QUOTE ? quotedEnd(raw, from, NAME_QUOTES) : metricNameEnd(raw, from);
        return this.#takeTo(end, 'text', 'MNAME');
      }
      case 'text': {
        const end = raw.indexOf(NEWLINE, from);
        if (byte !== SPACE || end < 0) return 'INVALID';
        return this.#takeTo(end + 1, 'line', 'TEXT');
      }
      case 'labels':
        if (byte === QUOTE) return this.#takeTo(quotedEnd(raw, from, NAME_QUOTES), 'labels', 'QSTRING');
        if (byte === BRACE_CLOSE) return this.#take(1, 'value', 'BCLOSE');
        if (byte === EQUAL) return this.#take(1, 'label value', 'EQUAL');
        if (byte === COMMA) return this.#take(1, 'labels', 'COMMA');
        return this.#takeTo(labelNameEnd(raw, from), 'labels', 'LNAME');
      case 'label value':
        return byte === QUOTE ? this.#takeTo(quotedEnd(raw, from, VALUE_QUOTES), 'labels', 'LVALUE') : 'INVALID';
      case 'value':
        return this.#numberToken('timestamp', 'VALUE');
      case 'timestamp':
        if (byte === NEWLINE) return this.#take(1, 'line', 'LINEBREAK');
        if (startsWith(raw, from, ' # {')) return this.#take(4, 'exemplar', 'COMMENT');
        return this.#numberToken('timestamp', 'TIMESTAMP');
      case 'exemplar':
        if (byte === QUOTE) return this.#takeTo(quotedEnd(raw, from, EXEMPLAR_QUOTES), 'exemplar', 'QSTRING');
        if (byte === BRACE_CLOSE) return this.#take(1, 'exemplar value', 'BCLOSE');
        if (byte === EQUAL) return this.#take(1, 'exemplar value', 'EQUAL');
        if (byte === COMMA) return this.#take(1, 'exemplar', 'COMMA');
        return this.#takeTo(labelNameEnd(raw, from), 'exemplar', 'LNAME');
      case 'exemplar value':
        if (byte === QUOTE) return this.#takeTo(quotedEnd(raw, from, EXEMPLAR_QUOTES), 'exemplar', 'LVALUE');
        return this.#numberToken('exemplar timestamp', 'VALUE');
      case 'exemplar timestamp':
        if (byte === NEWLINE) return this.#take(1, 'line', 'LINEBREAK');
        return this.#numberToken('exemplar timestamp', 'TIMESTAMP');
      default:
        return unreachable(this.#state);
    }
  }

  /** # HELP, # TYPE, # UNIT or # EOF; nothing else may start so. */
  #metadataToken(from: number): Token {
    const { raw } = this;
    for (const kind of ['HELP', 'TYPE', 'UNIT'] as const) {
      if (startsWith(raw, from, `# ${kind} `)) return this.#take(7, 'family', kind);
    }
    if (startsWith(raw, from, '# EOF')) return this.#take(raw[from + 5] === NEWLINE ? 6 : 5, 'line', 'EOFWORD');
    // Where the one word that it might have become stops fitting.
    let fits = 0;
    for (const line of ['# HELP ', '# TYPE ', '# UNIT ', '# EOF']) {
      let length = 1;
      while (raw[from + length] === line.charCodeAt(length)) length++;
      fits = Math.max(fits, length);
    }
    this.#at = from + fits;
    return 'INVALID';
  }

  /** A blank and whatever stands up to the next blank or newline. */
  #numberToken(state: State, token: Token): Token {
    const { raw } = this;
    if (raw[this.#at] !== SPACE) return 'INVALID';
    let end = this.#at + 1;
    while (!endsNumber(raw[end])) end++;
    if (end === this.#at + 1) {
      this.#at = end;
      return 'INVALID';
    }
    return this.#takeTo(end, state, token);
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

const hasCreated = (type: MetricType | null): boolean => type === 'counter' || type === 'summary' || type === 'histogram';

const endsNumber = (byte: number | undefined): boolean => byte === SPACE || byte === NEWLINE || byte === NUL || byte === undefined;
