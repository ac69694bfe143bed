/** Decoders of single values (see decode.ts). Each takes a scalar and gives the type that the rest of the program uses. */

import { parseByteSize } from '../lib/byte-size.ts';
import { nearestWord } from '../lib/edit-distance.ts';
import { directoryOf, joinPath } from '../lib/file-path.ts';
import { parseGoDuration } from '../lib/go-duration.ts';
import { goQuote } from '../lib/go-quote.ts';
import { type GoUrl, parseGoUrl } from '../lib/go-url.ts';
import { parseDuration } from '../model/duration.ts';
import { isLegacyLabelName, isUtf8LabelName } from '../model/labels.ts';
import { compileRegex } from '../model/regex.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import { type Decoder, type Fail, type Failed, failAt, refine, wrongType } from './decode.ts';
import type { Problem } from './diagnostic.ts';
import type { YamlScalar } from './yaml-document.ts';
import { YAML_BOOLS, yamlNumber } from './yaml-number.ts';

type ScalarOptions<T> = {
  readonly goType: string;
  readonly readsAs?: string;
  readonly expects: string;
  readonly zero: T;
  readonly emptyIsAbsent?: boolean;
  /** `text` as written; `fail` reports at the node. */
  readonly parse: (text: string, fail: Fail, node: YamlScalar) => T | Failed;
};

/** Any text, quoted or not: 0777, yes and 1e3 stay as they are written. */
export function scalar<T>({ parse, zero, ...rest }: ScalarOptions<T>): Decoder<T> {
  return {
    ...rest,
    zero: () => zero,
    read: (node, sink) => (node.kind === 'scalar' ? parse(node.text, failAt(node, sink), node) : wrongType(node, rest, sink)),
  };
}

export const string: Decoder<string> = scalar({ goType: 'string', expects: 'a text', zero: '', parse: (text) => text });

/** true, yes, on, y and their opposites, without quotes (YAML 1.1, as yaml.v2). */
export const bool: Decoder<boolean> = {
  goType: 'bool',
  expects: 'true or false',
  zero: () => false,
  read: (node, sink) => {
    const value = isUnquoted(node) ? YAML_BOOLS.get(node.text) : undefined;
    if (value !== undefined) return value;
    const isQuoted = node.kind === 'scalar' && YAML_BOOLS.has(node.text);
    return wrongType(node, bool, sink, isQuoted ? 'write it without quotes' : undefined);
  },
};

/** A whole number without quotes: decimal, 0x…, 0o… or 0…, 0b…, with underscores; the whole part of a fraction, as in Go. */
function integer(goType: string, { min, max }: { min: bigint; max: bigint }): Decoder<bigint> {
  const decoder: Decoder<bigint> = {
    goType,
    expects: min >= 0n ? 'a whole number, at least 0' : 'a whole number',
    zero: () => 0n,
    read: (node, sink) => {
      const number = node.kind === 'scalar' ? yamlNumber(node.text) : null;
      if (!isUnquoted(node)) return wrongType(node, decoder, sink, number === null ? undefined : 'write it without quotes');
      if (number === null || (typeof number === 'number' && !Number.isFinite(number))) return wrongType(node, decoder, sink);
      const value = typeof number === 'bigint' ? number : BigInt(Math.trunc(number));
      return value < min || value > max ? wrongType(node, decoder, sink) : value;
    },
  };
  return decoder;
}

export const uint64: Decoder<bigint> = integer('uint64', { min: 0n, max: 2n ** 64n - 1n });
/** Go's int and uint, bounded here by what a number holds exactly. */
export const int: Decoder<number> = asNumber(integer('int', { min: -(2n ** 53n), max: 2n ** 53n }));
export const uint: Decoder<number> = asNumber(integer('uint', { min: 0n, max: 2n ** 53n }));

function asNumber(decoder: Decoder<bigint>): Decoder<number> {
  return refine(decoder, () => 0, Number);
}

export const float: Decoder<number> = {
  goType: 'float64',
  expects: 'a number',
  zero: () => 0,
  read: (node, sink) => {
    const number = isUnquoted(node) ? yamlNumber(node.text) : null;
    return number === null ? wrongType(node, float, sink) : Number(number);
  },
};

const isUnquoted = (node: { readonly kind: string }): node is YamlScalar =>
  node.kind === 'scalar' && (node as YamlScalar).style === 'plain';

/** Prometheus' grammar: 1h30m. */
export const duration: Decoder<DurationMs> = scalar({
  goType: 'model.Duration',
  readsAs: 'string',
  expects: 'a duration',
  zero: durationMs(0),
  parse: (text, fail) => {
    const parsed = parseDuration(text);
    if (typeof parsed === 'number') return parsed;
    return fail({
      code: 'bad_duration',
      message: text === '' ? 'the duration is empty' : `"${text}" is not a duration`,
      hint: durationHint(text),
      // Older releases know only the second text.
      upstream: parsed.error.startsWith('unknown unit') ? `${parsed.error} (not a valid duration string: ${goQuote(text)})` : parsed.error,
    });
  },
});

/** Go's grammar (fractions, no days), for the few fields that are Go's time.Duration. Rounded to milliseconds. */
export const goDuration: Decoder<DurationMs> = {
  goType: 'time.Duration',
  expects: 'a duration',
  zero: () => durationMs(0),
  read: (node, sink) => {
    if (node.kind !== 'scalar') return wrongType(node, goDuration, sink);
    const nanoseconds = node.style === 'plain' ? yamlNumber(node.text) : null;
    const parsed = nanoseconds === null ? parseGoDuration(node.text) : Number(nanoseconds) / 1e6;
    return typeof parsed === 'number' ? durationMs(Math.round(parsed)) : wrongType(node, goDuration, sink, GO_DURATION_HINT);
  },
};

/** As goDuration, but a text whatever it looks like (Go's UnmarshalText): a number has no unit. */
export const goDurationText: Decoder<DurationMs> = scalar({
  goType: 'time.Duration',
  expects: 'a duration',
  zero: durationMs(0),
  parse: (text, fail) => {
    const parsed = parseGoDuration(text);
    if (typeof parsed === 'number') return durationMs(Math.round(parsed));
    return fail({
      code: 'bad_duration',
      message: `"${text}" is not a duration`,
      hint: GO_DURATION_HINT,
      upstream: parsed.error,
    });
  },
});

const GO_DURATION_HINT = 'write a number and a unit of ms, s, m or h: 10s';

function durationHint(text: string): string {
  const known: Readonly<Record<string, string>> = {
    sec: 's',
    second: 's',
    min: 'm',
    minute: 'm',
    hour: 'h',
    hr: 'h',
    day: 'd',
    week: 'w',
    year: 'y',
  };
  const match = /^(\d+)\s*([a-z]*?)s?$/i.exec(text);
  const unit = match?.[2] === '' ? 's' : known[match?.[2]?.toLowerCase() ?? ''];
  const example = match?.[1] === undefined || unit === undefined ? '5m' : `${match[1]}${unit}`;
  return `write a number and a unit of ms, s, m, h, d, w or y: ${example}`;
}

/** 10KB, 1.5GiB: powers of 1024. */
export const byteSize: Decoder<number> = scalar({
  goType: 'units.Base2Bytes',
  expects: 'a size in bytes',
  zero: 0,
  parse: (text, fail) => {
    const parsed = parseByteSize(text);
    if (typeof parsed === 'number') return parsed;
    return fail({
      code: 'bad_value',
      message: `"${text}" is not a size in bytes`,
      hint: `write a number and a unit of B, KB, MB, GB, TB, PB or EB: ${/^\d+$/.test(text) ? `${text}B` : '10MB'}`,
      upstream: parsed.error,
    });
  },
});

/** A file name, seen from the directory of the file it is written in. */
export const path: Decoder<string> = scalar({
  goType: 'string',
  expects: 'a file name',
  zero: '',
  parse: (text, _fail, node) => joinPath(directoryOf(node.source.path), text),
});

/** As path, where the text must match; `problem` words the refusal. */
export function pathLike(pattern: RegExp, problem: (text: string) => Problem): Decoder<string> {
  return refine(
    string,
    () => '',
    (text, fail, node) => (pattern.test(text) ? joinPath(directoryOf(node.source.path), text) : fail(problem(text))),
  );
}

type UrlOptions = {
  readonly goType?: string;
  /** Looks at the parts and names what is wrong with them. */
  readonly check?: (url: GoUrl, text: string) => string | null;
  /** What the reference makes of the error of its URL parser. */
  readonly wrapError?: (text: string, error: string) => string;
  readonly isSecret?: boolean;
};

/** Whatever Go's url.Parse takes, as written. */
export function url({ goType = 'string', check, wrapError, isSecret = false }: UrlOptions = {}): Decoder<string> {
  return scalar({
    goType,
    readsAs: 'string',
    expects: 'a URL',
    zero: '',
    parse: (text, fail) => {
      const parsed = parseGoUrl(text);
      const error = 'error' in parsed ? (wrapError?.(text, parsed.error) ?? parsed.error) : (check?.(parsed, text) ?? null);
      if (error === null) return text;
      const why = 'error' in parsed ? parsed.error.slice(`parse ${goQuote(text)}: `.length) : error;
      const shown = isSecret ? '<secret>' : text.replace(/(:\/\/)[^/\s]+@/, '$1<secret>@');
      return fail({
        code: 'bad_url',
        message: isSecret ? 'this is not a URL that can be used here' : `"${shown}" cannot be used as the URL here: ${why}`,
        hint: 'write it with its scheme and host: https://example.org/path',
        upstream: withoutUrl(error, text, shown),
      });
    },
  });
}

/** A short text that is no URL at all (nothing, or a letter) may stand in the words of the error by chance. */
const withoutUrl = (error: string, text: string, shown: string): string => {
  const hidden = error.replace(`parse ${goQuote(text)}:`, () => `parse ${goQuote(shown)}:`);
  return text.includes('://') ? hidden.replaceAll(text, () => shown) : hidden;
};

/** A URL that a client can open. */
export const httpUrl: Decoder<string> = url({
  check: ({ scheme, host }) => {
    if (scheme !== 'http' && scheme !== 'https') return "URL scheme must be 'http' or 'https'";
    return host === '' ? 'host is missing in URL' : null;
  },
});

/** An RE2 pattern, as written; anchored at both ends when it is used. */
export const regex: Decoder<string> = scalar({
  goType: 'relabel.Regexp',
  readsAs: 'string',
  expects: 'a regular expression',
  zero: '',
  parse: (text, fail) => {
    const compiled = compileRegex(text);
    return 'error' in compiled
      ? fail({
          code: 'bad_regex',
          message: `"${text}" is not a regular expression: ${compiled.error.replace(/^error parsing regexp: /, '')}`,
          upstream: compiled.error,
        })
      : text;
  },
});

/** `upstream` words the reference's refusal of a name. */
export function labelName(
  scheme: 'utf8' | 'legacy',
  upstream = (name: string): string => `${goQuote(name)} is not a valid label name`,
): Decoder<string> {
  return scalar({
    goType: 'model.LabelName',
    readsAs: 'string',
    expects: 'a label name',
    zero: '',
    parse: (text, fail) => {
      if (scheme === 'utf8' ? isUtf8LabelName(text) : isLegacyLabelName(text)) return text;
      const hint = scheme === 'legacy' ? 'letters, digits and _ only, no digit first' : 'it must be UTF-8 text and not empty';
      return fail({ code: 'bad_label_name', message: `${goQuote(text)} is not a label name`, hint, upstream: upstream(text) });
    },
  });
}

type EnumerationOptions = {
  readonly goType?: string;
  readonly ignoreCase?: boolean;
  /** The reference's refusal. */
  readonly upstream?: (text: string) => string;
};

/** One of a few words. Null and '' count as absent. */
export function enumeration<const T extends string>(values: readonly [T, ...T[]], options: EnumerationOptions = {}): Decoder<T> {
  return scalar<T>({
    goType: options.goType ?? 'string',
    expects: `one of ${values.join(', ')}`,
    zero: values[0],
    emptyIsAbsent: true,
    parse: (text, fail) => {
      const found = values.find((value) => value === (options.ignoreCase === true ? text.toLowerCase() : text));
      if (found !== undefined) return found;
      const near = nearestWord(text, values);
      return fail({
        code: 'bad_value',
        message: `"${text}" is not one of ${values.join(', ')}`,
        ...(near === null ? {} : { hint: `did you mean "${near}"?` }),
        ...(options.upstream === undefined ? {} : { upstream: options.upstream(text) }),
      });
    },
  });
}
