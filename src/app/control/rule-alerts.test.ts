import { describe, expect, test } from 'vitest';
import type { StoredRuleAlert } from '../../db/state-rows.ts';
import type { AlertChange, RuleAlertRow } from '../../rules/alert-state.ts';
import { ruleAlertStep } from './rule-alerts.ts';

const row = (id: string): RuleAlertRow => ({
  id,
  groupKey: 'f;g',
  ruleName: 'Down',
  ruleOrdinal: 0,
  labels: ['alertname', 'Down'],
  annotations: [],
  state: 'firing',
  activeAt: 1,
  firedAt: 2,
  keepFiringSince: null,
  value: 1,
});
const change = (kind: AlertChange['kind'], id: string, labels: readonly string[]): AlertChange => ({
  kind,
  id,
  labels,
  annotations: [],
  generatorUrl: '',
  startsAt: 2,
  endsAt: kind === 'resolved' ? 9 : null,
  reason: kind === 'resolved' ? 'condition_false' : null,
});
const known = (id: string, announced: readonly string[] | null): ReadonlyMap<string, StoredRuleAlert> =>
  new Map([[id, { row: row(id), announced }]]);
const OLD = ['alertname', 'Down', 'region', 'eu'];
const NEW = ['alertname', 'Down', 'region', 'us'];

describe('what the router is told of a rule’s alerts', () => {
  test('a firing alert is told, and its name is kept with its row', () => {
    const step = ruleAlertStep(new Map(), { at: 5, changes: [change('firing', 'a', NEW)], stored: [row('a')], removed: [] });
    expect(step.changes.map(({ kind, labels }) => ({ kind, labels }))).toEqual([{ kind: 'firing', labels: NEW }]);
    expect(step.stored).toEqual([{ row: row('a'), announced: NEW }]);
  });

  test('a resolve goes out under the name that was told, whatever it would be called now', () => {
    const step = ruleAlertStep(known('a', OLD), { at: 5, changes: [change('resolved', 'a', NEW)], stored: [], removed: ['a'] });
    expect(step.changes.map(({ kind, labels }) => ({ kind, labels }))).toEqual([{ kind: 'resolved', labels: OLD }]);
    expect(step.removed).toEqual(['a']);
  });

  test('an alert that was never told ends in silence', () => {
    expect(ruleAlertStep(known('a', null), { at: 5, changes: [change('resolved', 'a', NEW)], stored: [], removed: ['a'] }).changes).toEqual(
      [],
    );
  });

  test('an alert that is renamed ends under its old name and begins under the new one, also when its row is the same', () => {
    const step = ruleAlertStep(known('a', OLD), { at: 5, changes: [change('firing', 'a', NEW)], stored: [], removed: [] });
    expect(step.changes.map(({ kind, labels, endsAt }) => ({ kind, labels, endsAt }))).toEqual([
      { kind: 'resolved', labels: OLD, endsAt: 5 },
      { kind: 'firing', labels: NEW, endsAt: null },
    ]);
    expect(step.stored).toEqual([{ row: row('a'), announced: NEW }]);
  });

  test('a row that changes without being told keeps the name it has', () => {
    const step = ruleAlertStep(known('a', OLD), { at: 5, changes: [], stored: [{ ...row('a'), keepFiringSince: 4 }], removed: [] });
    expect(step.stored.map(({ announced }) => announced)).toEqual([OLD]);
  });
});
