import { describe, expect, test } from 'vitest';
import { RuleWorld, START } from '../../test/support/rule-world.ts';
import type { AppendStore } from '../model/storage.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const inGroup = (rules: string, name = 'g'): string => `groups:\n- name: ${name}\n  rules:\n${rules}`;
const DOWN = inGroup(`
  - alert: Down
    expr: up == 0
    for: 1m
    labels: {severity: page}
    annotations: {summary: '{{ $labels.i }} is down'}
`);
const DOWN_A = '{alertname="Down", i="a", severity="page"}';

/** A world where `Down` fires for target a. */
async function downWorld(rules: Record<string, string> | string = DOWN): Promise<RuleWorld> {
  const world = new RuleWorld();
  world.values.set('up{i="a"}', 0).set('up{i="b"}', 1);
  await world.apply(rules);
  await world.advance(5 * MINUTE);
  return world;
}

describe('a rule that runs', () => {
  test('tells when an alert begins and ends, and keeps a row as long as it is there', async () => {
    const world = new RuleWorld();
    world.values.set('up{i="a"}', 1);
    await world.apply(DOWN);
    await world.advance(MINUTE);
    world.values.set('up{i="a"}', 0);
    await world.advance(50 * SECOND);
    expect(world.active()).toEqual([`pending ${DOWN_A}`]);
    expect([...world.rows.values()]).toMatchObject([{ state: 'pending', ruleName: 'Down', groupKey: 'rules.yml;g' }]);
    expect(world.take()).toEqual([]);
    await world.advance(MINUTE);
    expect(world.take()).toEqual([`firing ${DOWN_A}`]);
    expect([...world.rows.values()]).toMatchObject([{ state: 'firing', annotations: ['summary', 'a is down'] }]);
    world.values.set('up{i="a"}', 1);
    await world.advance(MINUTE);
    expect(world.take()).toEqual([`resolved ${DOWN_A} condition_false`]);
    expect(world.rows.size).toBe(0);
  });

  test('says so when an alert ends because its data is gone', async () => {
    const world = await downWorld();
    world.values.delete('up{i="a"}');
    await world.advance(10 * MINUTE);
    expect(world.take()).toEqual([`firing ${DOWN_A}`, `resolved ${DOWN_A} data_missing`]);
  });

  test('evaluates on a grid of its own, the same after every start', async () => {
    const times = async (): Promise<readonly number[]> => {
      const world = await downWorld();
      return world.reports.map(({ at }) => at % (30 * SECOND));
    };
    const [first, ...others] = [...(await times()), ...(await times())];
    expect(new Set(others)).toEqual(new Set([first]));
  });

  test('is not evaluated again before its last evaluation is on disk; what it misses is counted', async () => {
    const world = await downWorld();
    let release: () => void = () => {};
    world.commit = () => new Promise((resolve) => (release = resolve));
    const [group] = world.manager.groups;
    if (group === undefined) throw new Error('no group');
    const before = { ...group.stats };
    await world.advance(2 * MINUTE);
    expect(group.stats.iterations - before.iterations).toBe(4);
    expect(group.stats.iterationsMissed - before.iterationsMissed).toBe(3);
    expect(group.stats.evaluations - before.evaluations).toBe(1);
    world.commit = async () => {};
    release();
    await world.advance(MINUTE);
    expect(group.stats.iterationsMissed - before.iterationsMissed).toBe(3);
  });

  test('sees in the same round what the rules above it wrote', async () => {
    const world = new RuleWorld();
    world.values.set('x{i="a"}', 2);
    await world.apply(
      inGroup(`
  - record: x:double
    expr: x * 2
    labels: {kind: r}
  - alert: Big
    expr: x:double > 3
  - alert: BigFires
    expr: ALERTS{alertname="Big", alertstate="firing"}
`),
    );
    await world.advance(31 * SECOND);
    expect(world.take()).toEqual([
      'firing {alertname="Big", i="a", kind="r"}',
      'firing {alertname="BigFires", alertstate="firing", i="a", kind="r"}',
    ]);
  });

  test('asks for the time before its query offset, and writes for it', async () => {
    const world = new RuleWorld();
    world.values.set('up{i="a"}', 0);
    await world.apply(DOWN.replace('- name: g', '- name: g\n  query_offset: 20s'));
    await world.advance(2 * MINUTE);
    const report = world.reports.find(({ stored }) => stored.length > 0);
    const [first] = Object.values(world.samples('ALERTS_FOR_STATE'))[0] ?? [];
    expect(report?.stored[0]?.activeAt).toBe(report?.at);
    expect(first?.split(' ')[0]).toBe(`${((report?.at ?? 0) - 20_000 - START) / 1000}s`);
  });
});

describe('the series of rules', () => {
  const rounds = (samples: readonly string[] | undefined): readonly string[] => (samples ?? []).map((sample) => sample.split(' ')[1] ?? '');

  test('ALERTS tells the state, ALERTS_FOR_STATE the begin; they end with the alert', async () => {
    const world = new RuleWorld();
    world.values.set('up{i="a"}', 0);
    await world.apply(DOWN);
    await world.advance(2 * MINUTE);
    world.values.set('up{i="a"}', 1);
    await world.advance(90 * SECOND);
    const alerts = world.samples('ALERTS');
    const name = (state: string): string => `{__name__="ALERTS", alertname="Down", alertstate="${state}", i="a", severity="page"}`;
    expect(rounds(alerts[name('pending')])).toEqual(['1', '1', 'stale']);
    expect(rounds(alerts[name('firing')])).toEqual(['1', '1', '1', 'stale']);
    const forState = Object.values(world.samples('ALERTS_FOR_STATE'))[0] ?? [];
    expect(new Set(rounds(forState).slice(0, 4)).size).toBe(1);
    expect(rounds(forState).at(-1)).toBe('stale');
  });

  test('a failed evaluation ends nothing and writes nothing', async () => {
    const world = new RuleWorld();
    world.values.set('x{i="a"}', 1).set('y{i="a"}', 1);
    await world.apply(inGroup('  - record: r\n    expr: x * on (i) y\n'));
    await world.advance(MINUTE);
    world.values.set('y{i="a", k="1"}', 1).set('x{i="a", k="1"}', 1);
    await world.advance(31 * SECOND);
    const before = rounds(Object.values(world.samples('r'))[0]);
    await world.advance(MINUTE);
    expect(world.manager.status()[0]?.rules[0]?.health).toBe('err');
    expect(rounds(Object.values(world.samples('r'))[0])).toEqual(before);
  });

  test('of a rule that is gone end two minutes later, as of when it went; one that another rule writes goes on', async () => {
    const world = new RuleWorld();
    world.values.set('x', 1);
    await world.apply(inGroup('  - record: gone\n    expr: x\n  - record: moved\n    expr: x\n'));
    await world.advance(MINUTE);
    await world.apply(inGroup('  - record: moved\n    expr: x + 0\n', 'other'));
    const at = world.clock.now() - START;
    await world.advance(5 * MINUTE);
    const gone = Object.values(world.samples('gone'))[0] ?? [];
    expect(gone.at(-1)).toMatch(/stale$/);
    expect(Math.abs(Number.parseFloat(gone.at(-1) ?? '') * 1000 - at)).toBeLessThan(100);
    expect(rounds(Object.values(world.samples('moved'))[0])).not.toContain('stale');
  });
});

describe('what goes wrong in a rule', () => {
  test('two elements that give one series or one alert', async () => {
    const world = new RuleWorld();
    world.values.set('x{i="a"}', 1).set('x{i="b"}', 1);
    await world.apply(inGroup('  - record: r\n    expr: x\n    labels: {i: c}\n  - alert: A\n    expr: x\n    labels: {i: c}\n'));
    await world.advance(MINUTE);
    expect(world.manager.status()[0]?.rules.map(({ health, lastError }) => [health, lastError])).toEqual([
      ['err', 'vector contains metrics with the same labelset after applying rule labels'],
      ['err', 'vector contains metrics with the same labelset after applying alert labels'],
    ]);
    expect(world.samples('r')).toEqual({});
    expect(world.take()).toEqual([]);
  });

  test('an error or too many alerts keep those that fire', async () => {
    const limited = DOWN.replace('- name: g', '- name: g\n  limit: 1');
    for (const break_ of [
      (world: RuleWorld) => world.values.set('up{i="c"}', 0).set('up{i="d"}', 0),
      (world: RuleWorld) => world.apply(limited.replace('up == 0', 'up * on () group_left () up == 0')),
    ]) {
      const world = await downWorld(limited);
      expect(world.take()).toEqual([`firing ${DOWN_A}`]);
      await break_(world);
      await world.advance(10 * MINUTE);
      expect(world.manager.status()[0]?.rules[0]?.health).toBe('err');
      expect(world.active()).toEqual([`firing ${DOWN_A}`]);
      expect(world.take()).toEqual([]);
    }
  });

  test('a store that cannot write holds no alert back', async () => {
    const world = new RuleWorld();
    world.values.set('up{i="a"}', 0);
    const { store } = world;
    const failing: AppendStore = {
      appender: () => {
        const appender = store.appender();
        return {
          series: (labels) => appender.series(labels),
          append: (ref, at, value) => appender.append(ref, at, value),
          appendHistogram: (ref, at, histogram) => appender.appendHistogram(ref, at, histogram),
          startTimestamp: () => {},
          rollback: () => appender.rollback(),
          commit: () => {
            appender.rollback();
            throw new Error('no space left on device');
          },
        };
      },
    };
    world.store = failing;
    await world.apply(DOWN);
    await world.advance(3 * MINUTE);
    expect(world.take()).toEqual([`firing ${DOWN_A}`]);
    expect(world.manager.status()[0]?.rules[0]).toMatchObject({ health: 'err', lastError: 'no space left on device', state: 'firing' });
    world.store = store;
    await world.advance(MINUTE);
    expect(world.manager.status()[0]?.rules[0]).toMatchObject({ health: 'ok', lastError: '' });
  });

  test('a sample that the store refuses is named', async () => {
    const world = new RuleWorld();
    world.values.set('x', 1);
    await world.apply(inGroup('  - record: r\n    expr: x\n  - record: r\n    expr: x + 1\n'));
    await world.advance(MINUTE);
    expect(world.manager.status()[0]?.rules.map(({ lastError }) => lastError)).toEqual([
      '',
      'duplicate sample for timestamp: {__name__="r"}',
    ]);
  });
});

describe('templates', () => {
  test('see the element, not the labels of the rule; the name of the rule wins over all', async () => {
    const world = new RuleWorld();
    world.values.set('x{i="a", severity="own", alertname="own"}', 1.5);
    world.config = { ...world.config, externalLabels: { dc: 'eu', i: 'external' } };
    await world.apply(
      inGroup(`
  - alert: A
    expr: x
    labels: {severity: page, was: '{{ $labels.severity }}/{{ $labels.alertname }}', i: '', alertname: no}
    annotations:
      text: '{{ $value }} in {{ $externalLabels.dc }} of {{ .Labels.__name__ }} at {{ $externalURL }}'
      asked: '{{ with query "x" }}{{ . | first | value }}{{ end }}'
      broken: '{{ query "x >" }}'
`),
    );
    await world.advance(MINUTE);
    const [change] = world.reports.flatMap(({ changes }) => changes);
    expect(change?.labels).toEqual(['alertname', 'A', 'dc', 'eu', 'i', 'external', 'severity', 'page', 'was', 'own/own']);
    expect(change?.annotations).toEqual([
      'asked',
      '1.5',
      'broken',
      '<error expanding template: error executing template __alert_A: template: __alert_A:1:115: executing "__alert_A" at <query "x >">: error calling query: 1:4: parse error: unexpected end of input>',
      'text',
      '1.5 in eu of x at http://tocsin',
    ]);
    expect(change?.generatorUrl).toBe('http://tocsin/graph?g0.expr=x&g0.tab=1');
  });

  test('are expanded again when a value, a query or the external labels changed', async () => {
    const world = new RuleWorld();
    world.values.set('x', 1).set('y', 1);
    await world.apply(
      inGroup(`
  - alert: A
    expr: x
    annotations: {text: '{{ $value }} {{ $externalLabels.dc }}'}
  - alert: B
    expr: x > 0
    annotations: {text: '{{ query "y" | first | value }}'}
`),
    );
    const texts = (): readonly string[] => world.manager.status()[0]?.rules.map(({ alerts }) => alerts[0]?.annotations['text'] ?? '') ?? [];
    await world.advance(MINUTE);
    expect(texts()).toEqual(['1 ', '1']);
    world.values.set('x', 2).set('y', 2);
    await world.advance(MINUTE);
    expect(texts()).toEqual(['2 ', '2']);
    world.config = { ...world.config, externalLabels: { dc: 'eu' } };
    world.manager.announceAgain();
    await world.advance(MINUTE);
    expect(texts()).toEqual(['2 eu', '2']);
  });
});

describe('a reload', () => {
  const TWO = `
  - alert: Down
    expr: up == 0
    labels: {severity: warn}
  - alert: Down
    expr: up == 0
    labels: {severity: page}
`;
  const [warn, page] = TWO.split(/(?= {2}- alert)/).slice(1) as [string, string];
  const ids = (world: RuleWorld): readonly string[] => [...world.rows.keys()].sort();

  test.each([
    { what: 'nothing', to: inGroup(TWO) },
    { what: 'the order of rules with one name', to: inGroup(page + warn) },
    { what: 'a rule of that name above', to: inGroup(`  - alert: Down\n    expr: other\n${warn}${page}`) },
    { what: 'the expression', to: inGroup(TWO.replaceAll('up == 0', 'up < 1')) },
    { what: 'the expression and the order', to: inGroup((page + warn).replaceAll('up == 0', 'up < 1')) },
    { what: 'a longer for', to: inGroup(TWO.replaceAll('up == 0', 'up == 0\n    for: 1h')) },
    { what: 'the annotations', to: inGroup(TWO.replaceAll('up == 0', 'up == 0\n    annotations: {a: b}')) },
    { what: 'the interval', to: inGroup(TWO).replace('- name: g', '- name: g\n  interval: 50s') },
    { what: 'the name of the group', to: inGroup(TWO, 'h') },
    { what: 'the file', to: { 'other.yml': inGroup(TWO) } },
    { what: 'two groups of one', to: { 'a.yml': inGroup(warn), 'b.yml': inGroup(page) } },
    { what: 'labels that become templates', to: inGroup(TWO.replaceAll(/severity: (\w+)/g, 'severity: \'{{ "$1" }}\'')) },
  ])('that changes $what lets alerts be', async ({ to }) => {
    const world = await downWorld(inGroup(TWO));
    expect(world.take()).toHaveLength(2);
    const active = world.active();
    const before = ids(world);
    const [started] = world.reports.splice(0);
    await world.apply(to);
    await world.advance(5 * MINUTE);
    expect(world.active().toSorted()).toEqual(active.toSorted());
    expect(world.take().filter((change) => change.startsWith('resolved'))).toEqual([]);
    expect(ids(world)).toEqual(before);
    expect(started).toBeUndefined();
    // They end under the ids that they were told by.
    world.values.set('up{i="a"}', 1);
    await world.advance(MINUTE);
    const ended = world.reports.flatMap(({ changes }) => changes.filter(({ kind }) => kind === 'resolved').map(({ id }) => id));
    expect(ended.toSorted()).toEqual(before);
    expect(world.rows.size).toBe(0);
  });

  test('that gives a rule other labels ends the alert and lets the new one begin where it was', async () => {
    const world = await downWorld();
    world.take();
    await world.apply(DOWN.replace('severity: page', 'severity: warn, team: web'));
    expect(world.take()).toEqual([]);
    await world.advance(31 * SECOND);
    expect(world.take()).toEqual([`resolved ${DOWN_A} rule_removed`, 'firing {alertname="Down", i="a", severity="warn", team="web"}']);
    expect([...world.rows.values()]).toHaveLength(1);
  });

  test('that takes a label from a rule ends the alert likewise', async () => {
    const world = await downWorld();
    world.take();
    await world.apply(DOWN.replace('labels: {severity: page}', ''));
    await world.advance(31 * SECOND);
    expect(world.take()).toEqual([`resolved ${DOWN_A} rule_removed`, 'firing {alertname="Down", i="a"}']);
  });

  test.each([
    { what: 'the rule', to: inGroup('  - alert: Other\n    expr: up == 2\n') },
    { what: 'the group', to: inGroup('  - alert: Other\n    expr: up == 2\n', 'h') },
    { what: 'everything', to: 'groups: []' },
  ])('that takes away $what ends its alerts and says why', async ({ to }) => {
    const world = await downWorld();
    world.take();
    await world.apply(to);
    await world.advance(MINUTE);
    expect(world.take()).toEqual([`resolved ${DOWN_A} rule_removed`]);
    expect(world.rows.size).toBe(0);
  });

  test('that takes away one of two rules with the same alert does not end it', async () => {
    const world = await downWorld({ 'a.yml': DOWN, 'b.yml': DOWN });
    expect(world.take()).toEqual([`firing ${DOWN_A}`, `firing ${DOWN_A}`]);
    await world.apply({ 'a.yml': DOWN });
    await world.advance(2 * MINUTE);
    expect(world.take().filter((change) => change.startsWith('resolved'))).toEqual([]);
    expect(world.rows.size).toBe(1);
  });

  test('during an evaluation waits for it and loses nothing', async () => {
    const world = new RuleWorld();
    world.values.set('up{i="a"}', 0);
    await world.apply(DOWN);
    await world.advance(40 * SECOND);
    let release: () => void = () => {};
    world.commit = () => new Promise((resolve) => (release = resolve));
    await world.advance(70 * SECOND);
    const applied = world.apply(DOWN.replace('up == 0', 'up < 1'));
    await world.advance(SECOND).catch(() => {}); // `apply` is advancing already
    world.commit = async () => {};
    release();
    await applied;
    await world.advance(2 * MINUTE);
    expect(world.take().filter((change) => change.startsWith('resolved'))).toEqual([]);
    expect(world.active()).toEqual([`firing ${DOWN_A}`]);
  });

  test('that changes what alerts are called tells of all that fire', async () => {
    const world = await downWorld();
    world.take();
    world.config = { ...world.config, externalLabels: { dc: 'eu' } };
    world.manager.announceAgain();
    await world.apply(DOWN);
    await world.advance(5 * MINUTE);
    expect(world.take()).toEqual(['firing {alertname="Down", dc="eu", i="a", severity="page"}']);
  });
});

describe('a restart', () => {
  test('takes up pending and firing alerts where they were', async () => {
    const world = await downWorld();
    world.values.set('up{i="b"}', 0);
    await world.advance(45 * SECOND);
    const active = world.active();
    expect(active).toEqual([`firing ${DOWN_A}`, `pending ${DOWN_A.replace('"a"', '"b"')}`]);
    world.take();
    await world.restart(DOWN, 20 * SECOND);
    expect(world.active()).toEqual(active);
    await world.advance(2 * MINUTE);
    expect(world.take()).toEqual([`firing ${DOWN_A.replace('"a"', '"b"')}`]);
  });

  test.each([
    { what: 'is gone', to: 'groups: []', is: [`resolved ${DOWN_A} rule_removed`] },
    { what: 'moved', to: { 'other.yml': DOWN }, is: [] },
    {
      what: 'has other labels',
      to: DOWN.replace('page', 'warn'),
      is: [`resolved ${DOWN_A} rule_removed`, `firing ${DOWN_A.replace('page', 'warn')}`],
    },
    {
      what: 'has a namesake above',
      to: DOWN.replace('rules:\n', 'rules:\n  - alert: Down\n    expr: other\n    labels: {severity: none}\n'),
      is: [],
    },
    { what: 'is a recording rule now', to: inGroup('  - record: Down\n    expr: up == 0\n'), is: [`resolved ${DOWN_A} rule_removed`] },
  ])('finds that the rule $what', async ({ to, is }) => {
    const world = await downWorld();
    world.take();
    await world.restart(to, 20 * SECOND);
    await world.advance(5 * MINUTE);
    expect(world.take()).toEqual(is);
    expect(world.rows.size).toBe(is.length === 1 ? 0 : 1);
  });

  test('does not bring back at a later reload what was there at the start', async () => {
    const world = await downWorld();
    await world.restart(DOWN, 20 * SECOND);
    const rows = [...world.rows.values()];
    world.values.set('up{i="a"}', 1);
    await world.advance(MINUTE);
    world.take();
    await world.apply(DOWN.replace('up == 0', 'up < 1'), rows);
    await world.advance(MINUTE);
    expect(world.active()).toEqual([]);
    expect(world.take()).toEqual([]);
  });

  const RATE = inGroup('  - alert: Errors\n    expr: rate(errors[5m]) > 0.5\n');
  const SUM = inGroup('  - record: job:x:sum\n    expr: sum(x)\n  - alert: Many\n    expr: job:x:sum > 5\n');

  test('after a long time resolves nothing for want of samples', async () => {
    for (const [rules, series] of [
      [DOWN, 'up{i="a"}'],
      [SUM, 'x'],
    ] as const) {
      const world = new RuleWorld();
      world.values.set('up{i="a"}', 0).set('x', 6);
      await world.apply(rules);
      await world.advance(5 * MINUTE);
      expect(world.take()).toHaveLength(1);
      // For two minutes the target is not found again.
      const value = world.values.get(series) ?? 0;
      world.values.delete(series);
      await world.restart(rules, 20 * MINUTE);
      await world.advance(2 * MINUTE);
      world.values.set(series, value);
      await world.advance(10 * MINUTE);
      expect(world.take()).toEqual([]);
      expect(world.active()).toHaveLength(1);
    }
  });

  test('after a long time resolves no rate for want of a whole window', async () => {
    const world = new RuleWorld();
    let errors = 0;
    const count = (): void => {
      world.values.set('errors', (errors += 15));
      world.clock.after(15_000 as never, count);
    };
    count();
    await world.apply(RATE);
    await world.advance(10 * MINUTE);
    expect(world.take()).toHaveLength(1);
    await world.restart(RATE, 20 * MINUTE);
    await world.advance(10 * MINUTE);
    expect(world.take()).toEqual([]);
  });

  test('and another resolve no rate that samples a minute apart leave with two of them', async () => {
    const world = new RuleWorld(MINUTE);
    const began = world.clock.now();
    const count = (): void => {
      world.values.set('errors', (world.clock.now() - began) / 1000);
      world.clock.after(SECOND as never, count);
    };
    count();
    const rules = RATE.replace('[5m]', '[4m]');
    await world.apply(rules);
    await world.advance(10 * MINUTE);
    expect(world.take()).toHaveLength(1);
    for (let stops = 0; stops < 2; stops++) {
      // Each misses a scrape.
      await world.advance(50 * SECOND - ((world.clock.now() - began) % MINUTE));
      await world.restart(rules, 20 * SECOND);
    }
    await world.advance(10 * MINUTE);
    expect(world.take()).toEqual([]);
  });

  test('after a long time resolves at once what is seen to be well, and later what is not seen', async () => {
    const world = await downWorld();
    world.values.set('up{i="b"}', 0);
    await world.advance(3 * MINUTE);
    world.take();
    world.values.set('up{i="a"}', 1).delete('up{i="b"}');
    await world.restart(DOWN, 20 * MINUTE);
    await world.advance(MINUTE);
    expect(world.take()).toEqual([`resolved ${DOWN_A} condition_false`]);
    await world.advance(2 * MINUTE);
    expect(world.take()).toEqual([]);
    await world.advance(2 * MINUTE);
    expect(world.take()).toEqual([`resolved ${DOWN_A.replace('"a"', '"b"')} data_missing`]);
  });
});

describe('a clock', () => {
  test('that jumps ahead resolves nothing and fires nothing early', async () => {
    const world = await downWorld(DOWN.replace('for: 1m', 'for: 10m'));
    await world.advance(10 * MINUTE);
    expect(world.take()).toEqual([`firing ${DOWN_A}`]);
    world.values.set('up{i="b"}', 0);
    await world.advance(MINUTE);
    world.clock.stepWall(60 * MINUTE);
    await world.advance(5 * MINUTE);
    expect(world.take()).toEqual([]);
    expect(world.active()).toHaveLength(2);
    await world.advance(6 * MINUTE);
    expect(world.take()).toEqual([`firing ${DOWN_A.replace('"a"', '"b"')}`]);
    const [group] = world.manager.groups;
    expect(group?.stats.iterationsMissed).toBeGreaterThan(100);
  });

  test('that is set back stops the rules until it has caught up, and they say so', async () => {
    const world = new RuleWorld();
    world.values.set('up{i="a"}', 1);
    await world.apply(DOWN);
    await world.advance(10 * MINUTE);
    world.values.set('up{i="a"}', 0);
    await world.advance(3 * MINUTE);
    expect(world.take()).toEqual([`firing ${DOWN_A}`]);
    world.clock.stepWall(-8 * MINUTE); // to when all was well
    await world.advance(7 * MINUTE);
    expect(world.take()).toEqual([]);
    expect(world.manager.status()[0]?.rules[0]).toMatchObject({ health: 'err', state: 'firing' });
    expect(world.manager.status()[0]?.rules[0]?.lastError).toMatch(/^the clock was set back: not evaluated until it is 2026-01-01T00:1\d/);
    await world.advance(2 * MINUTE);
    expect(world.take()).toEqual([]);
    expect(world.manager.status()[0]?.rules[0]).toMatchObject({ health: 'ok', state: 'firing' });
  });

  test('that is corrected by a second costs no evaluation', async () => {
    const world = await downWorld();
    const [group] = world.manager.groups;
    if (group === undefined) throw new Error('no group');
    const before = group.stats.evaluations;
    for (const byMs of [-900, 900, -900, 900]) {
      world.clock.stepWall(byMs);
      await world.advance(30 * SECOND);
    }
    expect(group.stats.evaluations - before).toBe(4);
    expect(group.stats.iterationsMissed).toBe(0);
  });
});
