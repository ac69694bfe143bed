/**
 * Charts for notifications: numbers from the engine, drawn here, made a picture by the machine. All of it has two seconds,
 * and few are made at once: when a hundred groups fire together most mails go without rather than late.
 */
import { CHART_SERIES_MAX } from '../../model/alert-chart.ts';
import type { Clock } from '../../model/clock.ts';
import type { Log } from '../../model/log.ts';
import type { Rasterizer } from '../../model/rasterizer.ts';
import { durationMs, type UnixMs } from '../../model/time.ts';
import { chartCaption } from '../../notify/chart/caption.ts';
import { chartSvg } from '../../notify/chart/chart-svg.ts';
import type { ChartImage, Charts } from '../../notify/chart/charts.ts';
import type { NotificationAlert } from '../../template/alertmanager-data.ts';
import type { EngineLink } from '../engine-link.ts';
import type { AlertChartRequest } from '../protocol.ts';

const TIME_MS = durationMs(2000);
const QUERY_MS = 1000;
const UNDER_WAY_MAX = 4;
/** For screens with several pixels where css has one. */
const PIXEL_RATIO = 2;

export type AlertChartPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly rasterizer: Rasterizer;
  readonly call: EngineLink['call'];
  readonly externalUrl: () => string;
};

export class AlertCharts implements Charts {
  readonly #ports: AlertChartPorts;
  #underWay = 0;

  constructor(ports: AlertChartPorts) {
    this.#ports = ports;
  }

  async chartOf(alerts: readonly NotificationAlert[], at: UnixMs): Promise<ChartImage | null> {
    const asked = requestOf(alerts, this.#ports.externalUrl(), at);
    if (asked === null || this.#underWay >= UNDER_WAY_MAX) return null;
    const abort = new AbortController();
    let cancel = (): void => {};
    const late = new Promise<null>((resolve) => {
      cancel = this.#ports.clock.after(TIME_MS, () => {
        abort.abort();
        resolve(null);
      });
    });
    this.#underWay++;
    const made = this.#make(asked, abort.signal).finally(() => this.#underWay--);
    const image = await Promise.race([made, late]);
    cancel();
    return image;
  }

  async #make({ request, omitted, link }: Asked, signal: AbortSignal): Promise<ChartImage | null> {
    try {
      const answer = await this.#ports.call('alertChart', request, { asker: { signal } });
      if (answer.kind === 'refused') {
        this.#ports.log.debug('no chart for a notification', { alertname: request.alertname, error: answer.error.message });
        return null;
      }
      if (answer.gives === null || signal.aborted) return null;
      const chart = { ...answer.gives, omitted: answer.gives.omitted + omitted };
      const { svg, widthPx, heightPx } = chartSvg(chart);
      const png = await this.#ports.rasterizer.png(svg, widthPx * PIXEL_RATIO);
      return { caption: chartCaption(chart, request.atMs), png, widthPx, heightPx, link };
    } catch (error) {
      this.#ports.log.error('BUG: a chart failed', { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      return null;
    }
  }
}

type Asked = { readonly request: AlertChartRequest; readonly omitted: number; readonly link: string };

/** Alerts of several rules make one group: the chart is of the rule that raised the first that fires. */
function requestOf(all: readonly NotificationAlert[], externalUrl: string, at: UnixMs): Asked | null {
  const firing = all.filter(({ status }) => status === 'firing');
  const alerts = firing.length > 0 ? firing : all;
  const first = alerts.find(({ generatorUrl }) => queryIn(generatorUrl, externalUrl) !== null);
  if (first === undefined) return null;
  const alertname = first.labels.get('alertname');
  const mine = alerts.filter((one) => one.generatorUrl === first.generatorUrl && one.labels.get('alertname') === alertname);
  return {
    request: {
      alertname,
      query: queryIn(first.generatorUrl, externalUrl) ?? '',
      alerts: mine.slice(0, CHART_SERIES_MAX).map(({ labels, startsAt, endsAt }) => ({ labels: labels.flat, startsAt, endsAt })),
      atMs: at,
      timeoutMs: QUERY_MS,
    },
    omitted: Math.max(0, mine.length - CHART_SERIES_MAX),
    link: first.generatorUrl,
  };
}

/** The expression that a link to our own query page is about; null for the links of others. */
function queryIn(generatorUrl: string, externalUrl: string): string | null {
  if (!generatorUrl.startsWith(`${externalUrl}/graph?`)) return null;
  return new URL(generatorUrl).searchParams.get('g0.expr');
}
