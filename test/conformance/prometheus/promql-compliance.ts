/**
 * prometheus/promql-compliance: the query templates of the compliance tester, expanded and run as range queries over
 * generated metrics of its demo service. There is no reference server here: a query must run and give a sorted matrix
 * without repeated label sets, or fail where it should. Two of them expect "~invalid" to be refused as a label name;
 * Prometheus 3 takes any UTF-8 name, and so do we.
 */
import { finish } from '../../../src/lib/finish.ts';
import { Labels } from '../../../src/model/labels.ts';
import { DEFAULT_ENGINE_OPTIONS, evaluate } from '../../../src/promql/engine.ts';
import { parseExpr } from '../../../src/promql/parser.ts';
import { complianceQueries, demoSeries } from '../../support/compliance-queries.ts';
import { MemoryQueryable } from '../../support/memory-queryable.ts';
import { checkCase, type KindRunner } from '../kind.ts';

const END_MS = 1_700_000_000_000;
const SCRAPE_MS = 5000;
const STORED_MS = 5_400_000;

export const run: KindRunner = async (dir) => {
  const store = demoStore();
  return Promise.all(
    complianceQueries(dir).map(({ query, fails }) => checkCase(query, fails ? 'fails' : 'runs', () => outcome(query, store))),
  );
};

function outcome(text: string, store: MemoryQueryable): string {
  const parsed = parseExpr(text, {
    experimentalFunctions: true,
    durationExpressions: true,
    extendedRangeSelectors: false,
    binopFillModifiers: false,
  });
  if ('errors' in parsed) return 'fails';
  const query = { expr: parsed.expr, text, startMs: END_MS - 600_000, endMs: END_MS, stepMs: 10_000 };
  try {
    const { value } = finish(evaluate(query, store, DEFAULT_ENGINE_OPTIONS));
    if (value.kind !== 'matrix') return `gives a ${value.kind}`;
    const isSorted = value.series.every(({ labels }, i) => i === 0 || (value.series[i - 1]?.labels ?? Labels.empty).compare(labels) < 0);
    return isSorted ? 'runs' : 'is not sorted';
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('BUG')) throw error;
    return 'fails';
  }
}

function demoStore(): MemoryQueryable {
  const store = new MemoryQueryable();
  for (const { labels, at } of demoSeries((END_MS - STORED_MS) / 1000)) {
    const stored = Labels.of(labels);
    for (let ms = 0; ms <= STORED_MS; ms += SCRAPE_MS) {
      const value = at(ms / 1000);
      if (value !== null) store.append(stored, END_MS - STORED_MS + ms, value);
    }
  }
  return store;
}
