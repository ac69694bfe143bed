import { expect, test } from 'vitest';
import { notificationInput } from '../../../test/support/notification-input.ts';
import type { AlertChart } from '../../model/alert-chart.ts';
import { silentLog } from '../../model/log.ts';
import { durationMs, unixMs } from '../../model/time.ts';
import { SimClock } from '../../platform/sim/sim-clock.ts';
import type { NotificationAlert } from '../../template/alertmanager-data.ts';
import type { CallOptions, CallResult } from '../engine-link.ts';
import type { AlertChartRequest } from '../protocol.ts';
import { AlertCharts } from './alert-charts.ts';

const AT = unixMs(1_767_225_600_000);
const chart: AlertChart = {
  query: 'x',
  fromMs: AT - 60_000,
  stepMs: 60_000,
  series: [{ labels: {}, values: Float64Array.of(1, 2), firesFromMs: AT - 30_000, firesUntilMs: null }],
  omitted: 0,
  threshold: null,
};
const own = 'http://tocsin.example/graph?g0.expr=x+%3E+1&g0.tab=1';
const alertsFrom = (generatorUrl: string, count = 1, labels = {}): readonly NotificationAlert[] =>
  notificationInput({ firing: count, labels }).data.alerts.map((alert) => ({ ...alert, generatorUrl }));

type Answer = CallResult<'alertChart'>;
function bench(answer: (request: AlertChartRequest, signal: AbortSignal | undefined) => Promise<Answer>) {
  const clock = new SimClock({ start: AT });
  const requests: AlertChartRequest[] = [];
  const charts = new AlertCharts({
    clock,
    log: silentLog,
    rasterizer: { png: async (svg) => new TextEncoder().encode(svg) },
    call: ((_name: string, takes: AlertChartRequest, options?: CallOptions) => {
      requests.push(takes);
      return answer(takes, options?.asker?.signal);
    }) as unknown as ConstructorParameters<typeof AlertCharts>[0]['call'],
    externalUrl: () => 'http://tocsin.example',
  });
  return { clock, charts, requests };
}
const gives = (given: AlertChart | null) => async (): Promise<Answer> => ({ kind: 'gave', gives: given });

test('the engine is asked for the rule by its name and the expression in the link', async () => {
  const { charts, requests } = bench(gives(chart));
  const image = await charts.chartOf(alertsFrom(own), AT);
  expect(requests).toMatchObject([{ alertname: 'Down', query: 'x > 1', atMs: AT, alerts: [{ endsAt: null }] }]);
  expect(image).toMatchObject({ caption: 'x: now 2, firing since 23:59 UTC', widthPx: 480, link: own });
  expect(new TextDecoder().decode(image?.png ?? undefined)).toMatch(/^<svg/);
});

test.each([
  ['http://prometheus/graph?g0.expr=x+%3E+1&g0.tab=1'],
  ['http://tocsin.example/graph'],
  ['http://tocsin.example/graph?g1.expr=x'],
  ['http://tocsin.example.evil/graph?g0.expr=x'],
  [''],
])('nothing is asked for alerts from %j', async (generatorUrl) => {
  const { charts, requests } = bench(gives(chart));
  expect(await charts.chartOf(alertsFrom(generatorUrl), AT)).toBeNull();
  expect(requests).toEqual([]);
});

test('of alerts of several rules, the chart is of the first that fires; of many alerts, ten are asked for and the rest counted', async () => {
  const { charts, requests } = bench(gives(chart));
  const over = notificationInput({ firing: 0, resolved: 1, labels: { alertname: 'Over' } }).data.alerts;
  await charts.chartOf([...over, ...alertsFrom(own, 25), ...alertsFrom(own, 1, { alertname: 'Other' })], AT);
  expect(requests[0]?.alertname).toBe('Down');
  expect(requests[0]?.alerts).toHaveLength(10);
  const image = await charts.chartOf(alertsFrom(own, 25), AT);
  expect(new TextDecoder().decode(image?.png ?? undefined)).toContain('and 15 more');
});

test.each<{ given: string; answer: () => Promise<Answer> }>([
  { given: 'has none', answer: gives(null) },
  { given: 'refuses', answer: async () => ({ kind: 'refused', error: { type: 'timeout', message: 'query timed out' } }) },
  { given: 'fails', answer: () => Promise.reject(new Error('BUG')) },
])('an engine that $given costs the chart only', async ({ answer }) => {
  expect(await bench(answer).charts.chartOf(alertsFrom(own), AT)).toBeNull();
});

test('an engine that is silent is waited for two seconds, then told to stop', async () => {
  let signal: AbortSignal | undefined;
  const { clock, charts } = bench((_request, given) => {
    signal = given;
    return new Promise(() => {});
  });
  let image: unknown = 'none yet';
  void charts.chartOf(alertsFrom(own), AT).then((made) => {
    image = made;
  });
  await clock.advance(durationMs(1999));
  expect([image, signal?.aborted]).toEqual(['none yet', false]);
  await clock.advance(durationMs(1));
  expect([image, signal?.aborted]).toEqual([null, true]);
});

test('of a hundred at once few are made, the others are not waited for', async () => {
  const answers: ((answer: Answer) => void)[] = [];
  const { charts, requests } = bench(() => new Promise((resolve) => answers.push(resolve)));
  const all = Array.from({ length: 100 }, () => charts.chartOf(alertsFrom(own), AT));
  expect(requests).toHaveLength(4);
  for (const answer of answers) answer({ kind: 'gave', gives: chart });
  expect((await Promise.all(all)).filter((image) => image !== null)).toHaveLength(4);
  const later = charts.chartOf(alertsFrom(own), AT);
  answers.at(-1)?.({ kind: 'gave', gives: chart });
  expect(await later).not.toBeNull();
});
