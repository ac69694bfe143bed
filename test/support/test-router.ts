/** A router with a small configuration: one route, one receiver with one webhook, short timers. */

import type { RouteConfig } from '../../src/alerts/route.ts';
import { Router, type RouterConfig } from '../../src/alerts/router.ts';
import { EMPTY_SNAPSHOT, type RouterSnapshot } from '../../src/alerts/router-state.ts';
import { Labels } from '../../src/model/labels.ts';
import { durationMs, type UnixMs } from '../../src/model/time.ts';
import { SimRandom } from '../../src/platform/sim/sim-random.ts';

export const rootRoute = (changes: Partial<RouteConfig> = {}): RouteConfig => ({
  receiver: 'team',
  groupBy: [],
  matchers: [],
  continue: false,
  groupWaitMs: durationMs(30_000),
  groupIntervalMs: durationMs(300_000),
  repeatIntervalMs: durationMs(14_400_000),
  muteTimeIntervals: [],
  activeTimeIntervals: [],
  labels: [],
  children: [],
  ...changes,
});

export const childRoute = (changes: Partial<RouteConfig>): RouteConfig =>
  rootRoute({ receiver: null, groupBy: null, groupWaitMs: null, groupIntervalMs: null, repeatIntervalMs: null, ...changes });

export const routerConfig = (changes: Partial<RouterConfig> = {}): RouterConfig => ({
  route: rootRoute(),
  receivers: [
    { name: 'team', labels: Labels.empty, integrations: [{ name: 'webhook', index: 0, sendResolved: true, resolveContract: false }] },
  ],
  inhibitRules: [],
  timeIntervals: new Map(),
  resolveTimeoutMs: durationMs(300_000),
  retentionMs: durationMs(432_000_000),
  alertGcMs: durationMs(1_800_000),
  startDelayMs: durationMs(0),
  labelNames: 'utf8',
  limits: { alertsPerNameMax: 0, silencesMax: 0, silenceBytesMax: 0 },
  ...changes,
});

export const testRouter = (changes: Partial<RouterConfig>, now: UnixMs, restored: RouterSnapshot = EMPTY_SNAPSHOT): Router =>
  new Router(routerConfig(changes), restored, new SimRandom(1), now);
