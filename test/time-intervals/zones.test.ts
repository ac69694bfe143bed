/**
 * Time intervals around changes of clocks, skipped days and ends of months in ten zones. The expected values are those of
 * an independent implementation: generate.py, beside this file, wrote them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TimeIntervals } from '../../src/alerts/time-interval.ts';
import { unixMs } from '../../src/model/time.ts';
import { intervals } from '../support/alertmanager-yaml.ts';

type Row = { readonly zone: string; readonly at: string; readonly fields: object; readonly in: boolean };

const rows = readFileSync(new URL('zones.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

describe.each([...new Set(rows.map(({ zone }) => zone))])('%s', (zone) => {
  test.each(rows.filter((row) => row.zone === zone))('$at in $fields: $in', (row) => {
    const [interval] = intervals(JSON.stringify([{ ...row.fields, location: zone }]));
    if (interval === undefined || 'error' in interval) throw new Error(interval?.error);
    expect(new TimeIntervals(new Map()).contains(interval, unixMs(Date.parse(row.at)))).toBe(row.in);
  });
});
