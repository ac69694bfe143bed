/**
 * Scripts of PromQL tests (`load 1m`, `eval instant at 5m …`), the form of prometheus/promql/promqltest, read into
 * commands. Lexical rules are those of the original: trimmed lines, # empties a line, an empty line ends a block.
 */

import { parseGoNumber } from '../../../src/lib/go-number.ts';
import { goUnquote } from '../../../src/lib/go-unquote.ts';
import { parseDuration } from '../../../src/model/duration.ts';
import { parseSeriesLabels, parseSeriesLine, type SeriesLine } from './series-line.ts';

export type LoadedSeries = SeriesLine & {
  /** Per item: start minus sample time in ms; null where unknown. */ readonly starts: readonly (number | null)[] | null;
};
export type Load = {
  readonly kind: 'load';
  readonly line: number;
  readonly stepMs: number;
  readonly withNhcb: boolean;
  readonly series: readonly LoadedSeries[];
};

/** A text to be equal to, or a pattern to be found; null is satisfied by anything. */
export type Expectation = { readonly text: string } | { readonly pattern: RegExp } | null;
export type Eval = {
  readonly kind: 'eval';
  readonly line: number;
  readonly expr: string;
  readonly isRange: boolean;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly fails: Expectation[] | null;
  readonly warnings: Expectation[];
  readonly infos: Expectation[];
  readonly noWarnings: boolean;
  readonly noInfos: boolean;
  readonly isOrdered: boolean;
  readonly expected:
    | { readonly kind: 'string'; readonly value: string }
    | { readonly kind: 'scalar'; readonly value: number }
    | { readonly kind: 'series'; readonly series: readonly SeriesLine[] };
  /** Times of the columns, where an instant query gives a range vector. */
  readonly rangeVector: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number } | null;
};
export type Command = Load | Eval | { readonly kind: 'clear'; readonly line: number };

export function parseScript(text: string): readonly Command[] {
  const lines = text.split('\n').map((line) => {
    const trimmed = line.trim();
    return trimmed.startsWith('#') ? '' : trimmed;
  });
  const commands: Command[] = [];
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line === '') continue;
    const word = (line.split(/[\t ]+/)[0] ?? '').toLowerCase();
    const block: string[] = [];
    const takeBlock = (isEnd: (line: string) => boolean): void => {
      while (i + 1 < lines.length && lines[i + 1] !== '') {
        const next = lines[++i] ?? '';
        block.push(next);
        if (isEnd(next)) return;
      }
    };
    const number = i + 1;
    if (word === 'clear') commands.push({ kind: 'clear', line: number });
    else if (word.startsWith('load')) {
      takeBlock(() => false);
      commands.push(parseLoad(line, block, number));
    } else if (word.startsWith('eval')) {
      takeBlock((next) => typeof parseGoNumber(next) === 'number' || next.startsWith('expected_fail_'));
      commands.push(parseEval(line, block, number));
    } else throw new Error(`line ${number}: invalid command "${line}"`);
  }
  return commands;
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (typeof ms !== 'number') throw new Error(ms.error);
  return ms;
}

function parseLoad(line: string, block: readonly string[], number: number): Load {
  const match = /^load(?:_(with_nhcb))?\s+(.+?)$/.exec(line);
  if (match === null) throw new Error(`line ${number}: invalid load command`);
  const series: LoadedSeries[] = [];
  let starts: { readonly key: string; readonly values: readonly (number | null)[] } | null = null;
  for (const text of block) {
    const head = /^(\S*)@st\s+(.*)$/.exec(text);
    if (head !== null) {
      starts = { key: parseSeriesLabels(head[1] ?? '').key(), values: parseStarts(head[2] ?? '') };
      continue;
    }
    const parsed = parseSeriesLine(text);
    if (starts !== null && (starts.key !== parsed.labels.key() || starts.values.length !== parsed.items.length)) {
      throw new Error(`line ${number}: @st line does not fit the line after it`);
    }
    series.push({ ...parsed, starts: starts?.values ?? null });
    starts = null;
  }
  return { kind: 'load', line: number, stepMs: duration(match[2] ?? ''), withNhcb: match[1] !== undefined, series };
}

const START_ITEM = /^([+-]?)(\d+[a-wyz]*)(?:([+-])([+-]?)(\d+[a-wyz]*))?(?:x(\d+))?$/;

function parseStarts(text: string): (number | null)[] {
  const result: (number | null)[] = [];
  for (const item of text.split(/\s+/)) {
    const gap = /^_(?:x(\d+))?$/.exec(item);
    if (gap !== null) {
      for (let i = 0; i < Number(gap[1] ?? 1); i++) result.push(null);
      continue;
    }
    const match = START_ITEM.exec(item);
    if (match === null) throw new Error(`invalid start timestamp item "${item}"`);
    const [, sign, base = '', operator, stepSign, step, times] = match;
    const first = duration(base) * (sign === '-' ? -1 : 1);
    const delta = step === undefined ? 0 : duration(step) * (stepSign === '-' ? -1 : 1) * (operator === '-' ? -1 : 1);
    const count = times === undefined ? 1 : Number(times) + 1;
    for (let i = 0; i < count; i++) result.push(first + i * delta);
  }
  return result;
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const EXPECT_RANGE = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function parseEval(line: string, block: readonly string[], number: number): Eval {
  const range = RANGE.exec(line);
  const instant = range === null ? INSTANT.exec(line) : null;
  const mode = range?.[1] ?? instant?.[1];
  const result: Mutable<Eval> = {
    kind: 'eval',
    line: number,
    expr: range?.[5] ?? instant?.[3] ?? '',
    isRange: range !== null,
    startMs: duration(range?.[2] ?? instant?.[2] ?? ''),
    endMs: duration(range?.[3] ?? instant?.[2] ?? ''),
    stepMs: range === null ? 0 : duration(range[4] ?? ''),
    fails: mode === 'fail' ? [] : null,
    warnings: mode === 'warn' ? [null] : [],
    infos: mode === 'info' ? [null] : [],
    noWarnings: false,
    noInfos: false,
    isOrdered: mode === 'ordered',
    expected: { kind: 'series', series: [] },
    rangeVector: null,
  };
  const series: SeriesLine[] = [];
  for (const text of block) {
    const legacy = /^expected_fail_(message|regexp)\s+(.*)$/.exec(text);
    if (legacy !== null && result.fails !== null) {
      result.fails.push(legacy[1] === 'message' ? { text: legacy[2] ?? '' } : { pattern: new RegExp(legacy[2] ?? '') });
    } else if (text.startsWith('expect range vector')) {
      const match = EXPECT_RANGE.exec(text);
      if (match === null) throw new Error(`line ${number}: invalid range vector definition "${text}"`);
      result.rangeVector = { fromMs: duration(match[1] ?? ''), toMs: duration(match[2] ?? ''), stepMs: duration(match[3] ?? '') };
    } else if (text.startsWith('expect string')) {
      const value = goUnquote(text.slice('expect string'.length).trim());
      if (value === null || typeof value !== 'string') throw new Error(`line ${number}: invalid string`);
      result.expected = { kind: 'string', value };
    } else if (text.split(' ')[0] === 'expect') addExpectation(result, text, number);
    else {
      const value = parseGoNumber(text);
      if (typeof value === 'number') result.expected = { kind: 'scalar', value };
      else {
        const parsed = parseSeriesLine(text);
        if (parsed.items.length > 1 && !result.isRange && result.rangeVector === null)
          throw new Error(`line ${number}: several values for an instant`);
        series.push(parsed);
      }
    }
  }
  if (series.length > 0) result.expected = { kind: 'series', series };
  return result;
}

function addExpectation(result: Mutable<Eval>, text: string, number: number): void {
  const match = EXPECT.exec(text);
  if (match === null) throw new Error(`line ${number}: invalid expect statement "${text}"`);
  const value = (match[3] ?? '').trim();
  const expectation: Expectation = match[2] === undefined ? null : match[2] === 'msg' ? { text: value } : { pattern: new RegExp(value) };
  switch (match[1]) {
    case 'ordered':
      result.isOrdered = true;
      break;
    case 'fail':
      result.fails = [...(result.fails ?? []), expectation];
      break;
    case 'warn':
      result.warnings.push(expectation);
      break;
    case 'info':
      result.infos.push(expectation);
      break;
    case 'no_warn':
      result.noWarnings = true;
      break;
    default:
      result.noInfos = true;
  }
}
