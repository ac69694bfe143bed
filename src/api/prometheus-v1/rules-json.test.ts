/** Which groups and rules /api/v1/rules gives, and in which pages (web/api/v1/api.go, rules). */
import { expect, test } from 'vitest';
import { equalMatcher } from '../../model/matcher.ts';
import type { RuleGroupStatus, RuleStatus } from '../../rules/rule-manager.ts';
import { type RulesFilter, ruleGroupsJson } from './rules-json.ts';

const rule = (kind: RuleStatus['kind'], name: string, labels: Readonly<Record<string, string>> = {}): RuleStatus => ({
  kind,
  name,
  query: '1',
  labels,
  health: 'unknown',
  lastError: '',
  evaluatedAt: null,
  evaluationMs: 0,
  state: 'unknown',
  forMs: 0,
  keepFiringForMs: 0,
  annotations: {},
  alerts: [],
});

const group = (file: string, name: string, rules: readonly RuleStatus[]): RuleGroupStatus => ({
  file,
  name,
  rules,
  intervalMs: 60_000,
  limit: 0,
  evaluatedAt: null,
  evaluationMs: 0,
});

const GROUPS = [
  group('b.yml', 'z', [rule('alerting', 'Late', { team: 'b' })]),
  group('b.yml', 'a', [rule('recording', 'x:y')]),
  group('a.yml', 'm', [rule('recording', 'y:z'), rule('alerting', 'Down', { team: 'a' })]),
  group('a.yml', 'empty', []),
];
const ALL: RulesFilter = {
  type: '',
  ruleNames: [],
  groupNames: [],
  files: [],
  matcherSets: [],
  withAlerts: true,
  groupLimit: 0,
  nextToken: '',
};

type Group = { readonly file: string; readonly name: string; readonly rules: readonly { readonly name: string }[] };

/** The pages one after another, each group as file/name(rules). */
function pagesOf(filter: Partial<RulesFilter>): readonly string[] {
  const pages: string[] = [];
  for (let nextToken = ''; ; ) {
    const page = ruleGroupsJson(GROUPS, { ...ALL, ...filter, nextToken });
    if ('error' in page) throw new Error(page.error);
    const groups = page.groups as readonly Group[];
    pages.push(groups.map(({ file, name, rules }) => `${file}/${name}(${rules.map((one) => one.name).join(' ')})`).join(' '));
    if (page.groupNextToken === undefined) return pages;
    nextToken = page.groupNextToken;
  }
}

test.each([
  { filter: {}, pages: ['a.yml/m(y:z Down) b.yml/a(x:y) b.yml/z(Late)'] },
  { filter: { groupLimit: 2 }, pages: ['a.yml/m(y:z Down) b.yml/a(x:y)', 'b.yml/z(Late)'] },
  { filter: { groupLimit: 1, type: 'alert' }, pages: ['a.yml/m(Down)', 'b.yml/z(Late)'] },
  { filter: { groupLimit: 2, type: 'record' }, pages: ['a.yml/m(y:z) b.yml/a(x:y)'] },
  { filter: { groupLimit: 1, files: ['b.yml'] }, pages: ['b.yml/a(x:y)', 'b.yml/z(Late)'] },
  { filter: { ruleNames: ['Down', 'Late'], groupNames: ['z'] }, pages: ['b.yml/z(Late)'] },
  { filter: { matcherSets: [[equalMatcher('team', 'a')], [equalMatcher('team', 'b')]] }, pages: ['a.yml/m(Down) b.yml/z(Late)'] },
  { filter: { ruleNames: ['nothing'] }, pages: [''] },
] as const)('$filter gives $pages', ({ filter, pages }) => {
  expect(pagesOf(filter)).toEqual(pages);
});
