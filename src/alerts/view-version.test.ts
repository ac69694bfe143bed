/** What `viewVersion` promises to whoever has a list already: the same number, the same list. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { routerConfig, testRouter } from '../../test/support/test-router.ts';
import { addMs, durationMs, type UnixMs, unixMs } from '../model/time.ts';
import type { Router } from './router.ts';
import type { SilenceId } from './router-state.ts';

const START = unixMs(1_700_000_000_000);
const ALL = { filter: [], receiver: null, receiverMatchers: [], active: true, silenced: true, inhibited: true, muted: true };

type Step =
  | { readonly kind: 'fire' | 'resolve'; readonly name: string; readonly seconds: number }
  | { readonly kind: 'silence'; readonly name: string; readonly fromSeconds: number; readonly seconds: number }
  | { readonly kind: 'wait' | 'back'; readonly ms: number }
  | { readonly kind: 'expire' | 'tick' | 'reload' | 'ask' };

const name = fc.constantFrom('A', 'B');
const seconds = fc.integer({ min: 1, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('fire' as const, 'resolve' as const), name, seconds }),
  fc.record({ kind: fc.constant('silence' as const), name, fromSeconds: fc.integer({ min: 0, max: 3 }), seconds }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ kind: fc.constant('back' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ kind: fc.constantFrom('expire' as const, 'tick' as const, 'reload' as const, 'ask' as const) }),
);

class World {
  readonly router: Router = testRouter({}, START);
  now: UnixMs = START;
  #lastSilence: SilenceId | null = null;

  do(wanted: Step): void {
    const { router, now } = this;
    switch (wanted.kind) {
      case 'fire':
      case 'resolve': {
        const endsAt = wanted.kind === 'fire' ? addMs(now, durationMs(wanted.seconds * 1000)) : now;
        router.receive([{ labels: { alertname: wanted.name }, annotations: {}, startsAt: null, endsAt, generatorUrl: '' }], now);
        break;
      }
      case 'silence': {
        const startsAt = addMs(now, durationMs(wanted.fromSeconds * 1000));
        const endsAt = addMs(startsAt, durationMs(wanted.seconds * 1000));
        const matcherSets = [[{ name: 'alertname', op: '=' as const, value: wanted.name }]];
        const put = router.putSilence({ id: null, matcherSets, startsAt, endsAt, createdBy: '', comment: '', annotations: {} }, now);
        if (put.kind !== 'refused') this.#lastSilence = put.row.id;
        break;
      }
      case 'expire':
        if (this.#lastSilence !== null) router.expireSilence(this.#lastSilence, 'x', now);
        break;
      case 'wait':
        this.now = addMs(now, durationMs(wanted.ms));
        break;
      case 'back':
        this.now = addMs(now, durationMs(-wanted.ms));
        break;
      case 'tick':
        router.tick(now);
        break;
      case 'reload':
        router.reload(routerConfig(), now);
        break;
      case 'ask':
        break;
    }
    router.takeChanges();
  }

  shown(): string {
    const { router, now } = this;
    const states = ['active', 'pending', 'expired'] as const;
    const silences = states.map((state) => router.silences({ filter: [], states: [state] }, now));
    return JSON.stringify([router.alerts(ALL, now), router.groups(ALL, now).map(({ alerts, labels }) => [labels, alerts]), silences]);
  }
}

test('while it is the same number, alerts, groups and silences are the same', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const world = new World();
      const seen = new Map<number, string>();
      for (const wanted of steps) {
        world.do(wanted);
        const [version, shown] = [world.router.viewVersion(world.now), world.shown()];
        expect(seen.get(version) ?? shown).toBe(shown);
        seen.set(version, shown);
      }
    }),
    { numRuns: 300 },
  );
});

test('it stays while nothing happens', () => {
  const world = new World();
  world.do({ kind: 'fire', name: 'A', seconds: 5 });
  world.do({ kind: 'silence', name: 'B', fromSeconds: 3, seconds: 5 });
  const version = world.router.viewVersion(world.now);
  for (const step of [{ kind: 'wait', ms: 2999 }, { kind: 'tick' }, { kind: 'ask' }] as const) world.do(step);
  expect(world.router.viewVersion(world.now)).toBe(version);
  world.do({ kind: 'wait', ms: 1 });
  expect(world.router.viewVersion(world.now)).not.toBe(version);
});
