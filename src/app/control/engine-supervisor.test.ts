import { describe, expect, test } from 'vitest';
import { silentLog } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import type { EngineProcess } from '../../platform/transport.ts';
import type { EngineConfig } from '../config/engine-config.ts';
import type { ToControl, ToEngine } from '../protocol.ts';
import { EngineSupervisor } from './engine-supervisor.ts';

/** An engine whose thread the test plays. */
class FakeEngine implements EngineProcess<ToEngine, ToControl> {
  readonly got: ToEngine[] = [];
  isTerminated = false;
  tell: (message: ToControl) => void = () => {};
  die: (why: string) => void = () => {};
  post(message: ToEngine): void {
    this.got.push(message);
    // Answers what needs no thought.
    if (message.kind === 'call' && message.name === 'prepare') this.tell({ kind: 'answer', id: message.id, gives: { diagnostics: [] } });
    if (message.kind === 'call' && message.name === 'apply') this.tell({ kind: 'answer', id: message.id, gives: null });
  }
  onMessage(handle: (message: ToControl) => void): void {
    this.tell = handle;
  }
  onExit(handle: (why: string) => void): void {
    this.die = handle;
  }
  terminate(): void {
    this.isTerminated = true;
  }
  names(): readonly string[] {
    return this.got.map((message) => (message.kind === 'call' ? message.name : message.kind));
  }
}

const CONFIG = { scrapeConfigs: [], ruleFiles: [], evaluationIntervalMs: durationMs(1000) } as unknown as EngineConfig;

function setUp() {
  const clock = new SimClock({ start: unixMs(0) });
  const engines: FakeEngine[] = [];
  const evaluations: number[] = [];
  const wanted: (() => boolean)[] = [];
  const labelVersions: number[] = [];
  const supervisor = new EngineSupervisor({
    clock,
    log: silentLog,
    start: () => {
      const engine = new FakeEngine();
      engines.push(engine);
      return engine;
    },
    restored: () => [],
    labelsChanged: (version) => labelVersions.push(version),
    evaluated: async ({ sequence }, isWanted) => {
      evaluations.push(sequence);
      wanted.push(isWanted);
    },
  });
  supervisor.start();
  return { clock, engines, evaluations, wanted, labelVersions, supervisor };
}
const READY: ToControl = { kind: 'ready', notes: [] };

describe('the engine’s supervisor', () => {
  test('refuses calls until the head is replayed, but lets a configuration be checked', async () => {
    const { supervisor, engines } = setUp();
    expect(await supervisor.call('ruleGroups', null)).toMatchObject({ kind: 'refused', error: { type: 'unavailable' } });
    expect(await supervisor.prepare(CONFIG)).toEqual([]);
    engines[0]?.tell(READY);
    expect(await supervisor.ready()).toBeNull();
  });

  test('an engine that dies is replaced after a pause and given the configuration; calls under way are refused', async () => {
    const { clock, supervisor, engines } = setUp();
    engines[0]?.tell(READY);
    await supervisor.apply(CONFIG);
    const lost = supervisor.call('ruleGroups', null);
    engines[0]?.die('out of memory');
    expect(await lost).toMatchObject({ kind: 'refused', error: { type: 'unavailable' } });
    expect(supervisor.isReady).toBe(false);
    await clock.advance(999);
    expect(engines).toHaveLength(1);
    await clock.advance(1);
    expect(engines).toHaveLength(2);
    engines[1]?.tell(READY);
    await clock.advance(0);
    expect(engines[1]?.names()).toEqual(['prepare', 'apply']);
    expect(supervisor.restarts).toBe(1);
  });

  test('pauses grow while engines keep dying, and are short again after one that lived', async () => {
    const { clock, supervisor, engines } = setUp();
    engines[0]?.tell(READY);
    await supervisor.apply(CONFIG);
    const pauses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const before = clock.elapsed();
      engines.at(-1)?.die('again');
      const count = engines.length;
      while (engines.length === count) await clock.advance(500);
      pauses.push(clock.elapsed() - before);
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000]);
    engines.at(-1)?.tell(READY);
    await clock.advance(0);
    engines.at(-1)?.die('once more');
    const count = engines.length;
    await clock.advance(1000);
    expect(engines).toHaveLength(count + 1);
  });

  test('an evaluation is confirmed to the engine that sent it, and to no later one', async () => {
    const { clock, engines, evaluations } = setUp();
    engines[0]?.tell(READY);
    engines[0]?.tell({ kind: 'evaluation', sequence: 7, groupKey: 'f;g', at: 1, intervalMs: 1000, changes: [], stored: [], removed: [] });
    await clock.advance(0);
    expect(evaluations).toEqual([7]);
    expect(engines[0]?.got.at(-1)).toEqual({ kind: 'committed', sequence: 7 });
  });

  test('what an engine said is not wanted any more when it has ended: the next one begins with what is on disk', async () => {
    const { clock, engines, wanted } = setUp();
    engines[0]?.tell(READY);
    engines[0]?.tell({ kind: 'evaluation', sequence: 1, groupKey: 'f;g', at: 1, intervalMs: 1000, changes: [], stored: [], removed: [] });
    expect(wanted.map((isWanted) => isWanted())).toEqual([true]);
    engines[0]?.die('out of memory');
    expect(wanted.map((isWanted) => isWanted())).toEqual([false]);
    await clock.advance(1000);
    expect(engines).toHaveLength(2);
    expect(wanted.map((isWanted) => isWanted())).toEqual([false]);
  });

  test('what is known of labels ends with the engine', async () => {
    const { engines, labelVersions } = setUp();
    engines[0]?.tell(READY);
    engines[0]?.tell({ kind: 'labels', version: 7 });
    engines[0]?.die('out of memory');
    expect(labelVersions).toEqual([7, 0]);
  });

  test('a first engine that cannot open its data says so, once', async () => {
    const { supervisor, engines } = setUp();
    const ready = supervisor.ready();
    engines[0]?.tell({ kind: 'failed', message: 'no such directory' });
    expect(await ready).toBe('no such directory');
    expect(await supervisor.ready()).toBe('no such directory');
    expect(engines).toHaveLength(1);
  });
});
