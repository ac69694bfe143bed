/** Prometheus' template table: an input, a query result, the text or the whole error. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFloat64 } from '../../../src/lib/go-strconv.ts';
import { FLOAT64, type GoType, type GoValue, goSlice, goString, INT, INT64, STRING, sliceOf } from '../../../src/lib/go-value.ts';
import { Labels } from '../../../src/model/labels.ts';
import { unixMs } from '../../../src/model/time.ts';
import type { TemplateSample } from '../../../src/template/prometheus-functions.ts';
import { expandTemplate, prometheusTemplates } from '../../../src/template/prometheus-template.ts';
import { type CaseResult, checkCase, type KindRunner } from '../kind.ts';

type Table = {
  readonly externalURL: string;
  readonly timestampMs: number;
  readonly cases: readonly {
    readonly id: number;
    readonly text: string;
    readonly html?: boolean;
    readonly options?: readonly string[];
    readonly input?: unknown;
    readonly inputGoType?: string;
    readonly queryResult?: readonly {
      readonly metric: Readonly<Record<string, string>>;
      readonly value?: number;
      readonly floatHistogram?: { readonly count: number; readonly sum: number };
    }[];
    readonly output?: string;
    readonly error?: string;
  }[];
};

const TYPES: Readonly<Record<string, GoType>> = {
  string: STRING,
  int: INT,
  int64: INT64,
  uint: { name: 'uint', kind: 'uint' },
  uint64: { name: 'uint64', kind: 'uint' },
  float64: FLOAT64,
};

export const run: KindRunner = async (dir) => {
  const table = JSON.parse(readFileSync(join(dir, 'template.json'), 'utf8')) as Table;
  const results: CaseResult[] = [];
  for (const entry of table.cases) {
    const expected = entry.error === undefined ? { text: entry.output } : { error: entry.error };
    results.push(
      await checkCase(String(entry.id), expected, () => {
        const mode = entry.html === true ? 'html' : 'text';
        // No options at all means Prometheus' own, an empty list Go's.
        const missingKey = entry.options === undefined ? 'zero' : entry.options.includes('missingkey=error') ? 'error' : 'default';
        const query = (): readonly TemplateSample[] => (entry.queryResult ?? []).map(sample);
        return expandTemplate(prometheusTemplates(mode, missingKey), {
          mode,
          name: 'test',
          text: entry.text,
          data: entry.inputGoType === undefined ? null : goValue(entry.inputGoType, entry.input),
          context: { query, at: unixMs(table.timestampMs), externalUrl: table.externalURL },
        });
      }),
    );
  }
  return results;
};

function sample({ metric, value, floatHistogram }: NonNullable<Table['cases'][number]['queryResult']>[number]): TemplateSample {
  const labels = Labels.of(metric);
  if (floatHistogram === undefined) return { labels, value: value ?? 0 };
  return { labels, value: 0, histogram: `{count:${floatHistogram.count}, sum:${floatHistogram.sum}}` };
}

function goValue(type: string, input: unknown): GoValue {
  if (type.startsWith('[]'))
    return goSlice(
      sliceOf(typeNamed(type.slice(2))),
      (input as readonly unknown[]).map((item) => goValue(type.slice(2), item)),
    );
  const goType = typeNamed(type);
  switch (goType.kind) {
    case 'string':
      return goString(String(input));
    case 'int':
    case 'uint':
      return { kind: goType.kind, type: goType, int: BigInt(String(input)) };
    default:
      return { kind: 'float', type: FLOAT64, float: parseFloat64(String(input)) as number };
  }
}

function typeNamed(name: string): GoType {
  const type = TYPES[name];
  if (type === undefined) throw new Error(`unknown Go type ${name}`);
  return type;
}
