/**
 * What will happen in a simulated run, drawn from its seed: what people do, and what goes wrong. Each run draws a profile,
 * so that rare faults meet; every tenth has none, and in the others all faults end at two thirds of the time, so that in
 * the last third everything must have come right again.
 */
import { CRASH_LABELS, type CrashLabel } from '../../../src/model/crash-point.ts';
import type { Random } from '../../../src/model/random.ts';
import { between } from '../../../src/platform/sim/sim-random.ts';
import type { TargetBehaviour } from '../../support/fake-target.ts';
import { BEHAVIOURS, type ProviderBehaviour } from './providers.ts';
import { happens, type LabelTest, pick, type Scenario } from './scenario.ts';
import { TWILIO } from './telephones.ts';

export const FAULTS = [
  'crash point',
  'kill',
  'power loss',
  'tsdb disk',
  'state database',
  'wall clock',
  'freeze',
  'provider',
  'network',
  'target',
  'reload storm',
  'engine death',
] as const;
export type Fault = (typeof FAULTS)[number];

export type Profile = { readonly faults: readonly Fault[]; readonly everyMs: number };

type Death = 'kill' | 'power';

export type Action =
  | { readonly kind: 'crash_at'; readonly label: CrashLabel; readonly nth: number; readonly death: Death }
  | { readonly kind: 'crash_in_write'; readonly nth: number; readonly death: Death }
  | { readonly kind: 'crash_when_taken' }
  | { readonly kind: 'die'; readonly death: Death }
  | { readonly kind: 'stop' }
  | { readonly kind: 'tsdb_fault'; readonly operation: 'write' | 'sync' | 'open'; readonly code: 'ENOSPC' | 'EIO'; readonly forMs: number }
  | { readonly kind: 'state_fault'; readonly code: 'SQLITE_FULL' | 'SQLITE_IOERR_WRITE' | 'SQLITE_BUSY'; readonly forMs: number }
  | { readonly kind: 'wall_step'; readonly byMs: number }
  | { readonly kind: 'freeze'; readonly forMs: number }
  | { readonly kind: 'provider'; readonly id: string; readonly behaviour: ProviderBehaviour; readonly forMs: number }
  | { readonly kind: 'network'; readonly host: string; readonly how: 'cut' | 'refused' | 'late' | 'lossy'; readonly forMs: number }
  | { readonly kind: 'target'; readonly host: string; readonly behaviour: TargetBehaviour; readonly forMs: number }
  | { readonly kind: 'engine_death' }
  | { readonly kind: 'reload'; readonly what: 'same' | 'edited' | 'broken'; readonly times: number }
  | { readonly kind: 'silence'; readonly tests: readonly LabelTest[]; readonly forMs: number }
  | { readonly kind: 'unsilence'; readonly nth: number }
  | { readonly kind: 'acknowledge'; readonly nth: number }
  | { readonly kind: 'acknowledge_there'; readonly nth: number }
  | { readonly kind: 'query' }
  | { readonly kind: 'browse' };

export type Planned = { readonly atMs: number; readonly action: Action };

const MINUTE_MS = 60_000;

export function drawProfile(random: Random): Profile {
  if (happens(random, 0.1)) return { faults: [], everyMs: 0 };
  const chance = pick(random, [0.15, 0.3, 0.6]);
  const faults = FAULTS.filter(() => happens(random, chance));
  return { faults: faults.length > 0 ? faults : [pick(random, FAULTS)], everyMs: pick(random, [4, 8, 15, 25]) * MINUTE_MS };
}

/** In the order of time. */
export function drawPlan(random: Random, profile: Profile, scenario: Scenario, untilMs: number): readonly Planned[] {
  const planned: Planned[] = [];
  const healsAtMs = untilMs * 0.66;
  const repeat = (everyMs: number, endMs: number, draw: () => Action): void => {
    for (let atMs = everyMs * random.next(); atMs < endMs; atMs += everyMs * (0.3 + 1.4 * random.next()))
      planned.push({ atMs, action: draw() });
  };
  repeat(11 * MINUTE_MS, untilMs, () => ({ kind: 'query' }));
  repeat(27 * MINUTE_MS, untilMs, () => ({ kind: 'browse' }));
  repeat(24 * MINUTE_MS, untilMs, () => drawSilence(random, scenario));
  repeat(50 * MINUTE_MS, untilMs, () => ({ kind: 'unsilence', nth: between(random, 0, 9) }));
  repeat(90 * MINUTE_MS, untilMs, () => ({ kind: 'reload', what: pick(random, ['same', 'edited', 'broken'] as const), times: 1 }));
  const most = (ms: number, atMs: number): number => Math.max(1000, Math.min(ms, healsAtMs - atMs));
  for (const fault of profile.faults) {
    repeat(profile.everyMs * Math.max(1, profile.faults.length / 2), healsAtMs - MINUTE_MS, () => drawFault(random, fault, scenario));
  }
  return planned
    .map(({ atMs, action }) => ({
      atMs,
      action: 'forMs' in action && action.kind !== 'silence' ? { ...action, forMs: most(action.forMs, atMs) } : action,
    }))
    .sort((a, b) => a.atMs - b.atMs);
}

/** Outages of telephones and of receivers that somebody stands in for, long enough for it: at times of all of them. */
export function drawOutages(random: Random, profile: Profile, { receivers }: Scenario, untilMs: number): readonly Planned[] {
  const planned: Planned[] = [];
  if (profile.faults.length === 0) return planned;
  const endMs = untilMs * 0.66;
  const everyMs = pick(random, [6, 12, 25]) * MINUTE_MS;
  for (let atMs = everyMs * random.next(); atMs < endMs - MINUTE_MS; atMs += everyMs * (0.3 + 1.4 * random.next())) {
    const forMs = Math.min(pick(random, [MINUTE_MS, 6 * MINUTE_MS, 20 * MINUTE_MS, 40 * MINUTE_MS]), endMs - atMs);
    const failing = happens(random, 0.15)
      ? receivers
      : [pick(random, receivers), ...(happens(random, 0.4) ? [pick(random, receivers)] : [])];
    for (const { id, kind } of failing.flatMap(({ integrations }) => integrations)) {
      const isLosing = (kind === 'phone' || kind === 'sms' || kind === 'opsgenie') && happens(random, 0.3);
      const behaviours: readonly ProviderBehaviour[] = isLosing ? ['loses'] : happens(random, 0.6) ? REFUSING : BEHAVIOURS;
      planned.push({ atMs, action: { kind: 'provider', id, behaviour: pick(random, behaviours), forMs } });
    }
    if (happens(random, 0.15)) planned.push({ atMs, action: { kind: 'provider', id: TWILIO, behaviour: pick(random, BEHAVIOURS), forMs } });
  }
  return planned;
}

/** They take nothing. */
const REFUSING: readonly ProviderBehaviour[] = ['unavailable', 'refuses', 'limits', 'hangs'];

/** In every other run somebody answers notifications, here or at a provider. Drawn apart, so that in the others all stays as it was. */
export function drawAnswers(random: Random, where: 'acknowledge' | 'acknowledge_there', untilMs: number): readonly Planned[] {
  const planned: Planned[] = [];
  if (happens(random, 0.5)) return planned;
  const everyMs = pick(random, [5, 10, 20]) * MINUTE_MS;
  for (let atMs = everyMs * random.next(); atMs < untilMs; atMs += everyMs * (0.3 + 1.4 * random.next()))
    planned.push({ atMs, action: { kind: where, nth: between(random, 0, 9) } });
  return planned;
}

function drawSilence(random: Random, { rules, senders }: Scenario): Action {
  const tests: readonly (readonly LabelTest[])[] = [
    [{ name: 'alertname', op: '=', value: pick(random, [...rules, ...senders]).name }],
    [{ name: 'team', op: '=', value: pick(random, ['core', 'web', 'data']) }],
    [{ name: 'instance', op: '=~', value: 't[0-3]:80' }],
    [
      { name: 'severity', op: '!=', value: 'critical' },
      { name: 'job', op: '=~', value: 'api|node' },
    ],
  ];
  return { kind: 'silence', tests: pick(random, tests), forMs: between(random, 3, 40) * MINUTE_MS };
}

function drawFault(random: Random, fault: Fault, scenario: Scenario): Action {
  const death: Death = happens(random, 0.25) ? 'power' : 'kill';
  const forMs = pick(random, [20_000, MINUTE_MS, 4 * MINUTE_MS, 12 * MINUTE_MS]);
  const integrations = scenario.receivers.flatMap((receiver) => receiver.integrations);
  switch (fault) {
    case 'crash point': {
      const way = random.next();
      if (way < 0.2) return { kind: 'crash_in_write', nth: between(random, 1, 40), death };
      if (way < 0.35) return { kind: 'crash_when_taken' };
      return { kind: 'crash_at', label: pick(random, CRASH_LABELS), nth: pick(random, [1, 1, 1, 2, 5]), death };
    }
    case 'kill':
      return happens(random, 0.25) ? { kind: 'stop' } : { kind: 'die', death: 'kill' };
    case 'power loss':
      return { kind: 'die', death: 'power' };
    case 'tsdb disk':
      return {
        kind: 'tsdb_fault',
        operation: pick(random, ['write', 'write', 'sync', 'open']),
        code: pick(random, ['ENOSPC', 'EIO']),
        forMs,
      };
    case 'state database':
      return { kind: 'state_fault', code: pick(random, ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'SQLITE_BUSY']), forMs };
    case 'wall clock':
      return { kind: 'wall_step', byMs: pick(random, [-300_000, -30_000, -3000, 3000, 30_000, 300_000, 3_600_000]) };
    case 'freeze':
      return { kind: 'freeze', forMs: pick(random, [1000, 30_000, 5 * MINUTE_MS, 20 * MINUTE_MS]) };
    case 'provider':
      return { kind: 'provider', id: pick(random, integrations).id, behaviour: pick(random, BEHAVIOURS), forMs };
    case 'network': {
      const host = happens(random, 0.5) ? pick(random, integrations).id : pick(random, scenario.targets).host;
      return { kind: 'network', host, how: pick(random, ['cut', 'refused', 'late', 'lossy']), forMs };
    }
    case 'target': {
      const behaviour = pick<TargetBehaviour>(random, [
        'error',
        'hang',
        'garbage',
        'close_early',
        'login_page',
        'bad_gzip',
        'redirect_loop',
      ]);
      return { kind: 'target', host: pick(random, scenario.targets).host, behaviour, forMs };
    }
    case 'reload storm':
      return { kind: 'reload', what: pick(random, ['same', 'same', 'broken', 'edited']), times: between(random, 3, 30) };
    case 'engine death':
      return { kind: 'engine_death' };
  }
}
