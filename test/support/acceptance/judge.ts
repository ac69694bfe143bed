/** Whether the webhook bodies that came are those that a scenario expects: each takes one in its window, and none is left over. */
import { stable } from '../../conformance/kind.ts';
import { type Expectation, endOf, type Scenario, type ScenarioAlert, type Strings } from './scenario.ts';

/** A webhook body as it came. */
export type Body = { readonly t: number; readonly collector: string; readonly json: WebhookJson };
export type WebhookJson = Readonly<Record<string, unknown>> & { readonly alerts: readonly AlertJson[] };
type AlertJson = {
  readonly status: string;
  readonly labels: Strings;
  readonly annotations: Strings;
  readonly startsAt: string;
  readonly endsAt: string;
};

/** The start of a window is not sharp: clocks differ by so much. */
const EARLY_S = 0.05;
const TOLERANCE_S = 0.15;
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** What is wrong with what came; empty when all is as expected. `zeroMs`: the instant t = 0. */
export function judge(scenario: Scenario, bodies: readonly Body[], zeroMs: number): readonly string[] {
  const problems: string[] = [];
  const open = bodies.filter(({ t }) => t <= endOf(scenario)).toSorted((a, b) => a.t - b.t);
  // Of equal expectations the one that ends first takes the first body.
  for (const wanted of (scenario.expect ?? []).toSorted((a, b) => a.between[1] - b.between[1])) {
    const [from, to] = wanted.between;
    const inWindow = open.filter(({ collector, t }) => collector === wanted.collector && t >= from - EARLY_S && t <= to);
    if (wanted.alerts.length === 0) {
      for (const body of inWindow)
        if (body.t >= from) problems.push(`nothing expected between ${from} and ${to}, but there was ${shown(body)}`);
      continue;
    }
    const reasons = inWindow.map((body) => difference(body.json, wanted, { zeroMs, tolerance: scenario.tolerance ?? TOLERANCE_S }));
    const fitting = inWindow[reasons.indexOf(null)];
    if (fitting !== undefined) open.splice(open.indexOf(fitting), 1);
    else
      problems.push(
        `${wanted.collector} between ${from} and ${to}: ${JSON.stringify(wanted.alerts)} did not come: ${reasons.join('; ') || 'nothing came'}`,
      );
  }
  if (scenario.unexpected !== 'ignore') for (const body of open) problems.push(`not expected: ${shown(body)}`);
  return problems;
}

/** Why a body is not the wanted one; null when it is. */
function difference(json: WebhookJson, wanted: Expectation, times: { readonly zeroMs: number; readonly tolerance: number }): string | null {
  const { alerts } = json;
  if (alerts.length !== wanted.alerts.length) return `${alerts.length} alerts instead of ${wanted.alerts.length}`;
  const left = [...alerts];
  for (const [i, want] of wanted.alerts.entries()) {
    const found = left.findIndex((alert) => isWanted(alert, want, times));
    if (found < 0) return `no ${JSON.stringify(want)} among ${JSON.stringify(left)}`;
    if (wanted.ordered === true && alerts[i] !== left[found]) return `${JSON.stringify(want)} is not in its place`;
    left.splice(found, 1);
  }
  const wrong = Object.entries(wanted.payload ?? {}).find(([key, value]) => stable(json[key]) !== stable(value));
  return wrong === undefined ? null : `${wrong[0]} is ${JSON.stringify(json[wrong[0]])}, not ${JSON.stringify(wrong[1])}`;
}

function isWanted(
  alert: AlertJson,
  { labels, annotations = {}, start, end }: ScenarioAlert,
  { zeroMs, tolerance }: { readonly zeroMs: number; readonly tolerance: number },
): boolean {
  const isNear = (time: string, seconds: number): boolean => Math.abs((Date.parse(time) - zeroMs) / 1000 - seconds) <= tolerance;
  return (
    stable(alert.labels) === stable(labels) &&
    stable(alert.annotations) === stable(annotations) &&
    alert.status === (end === undefined ? 'firing' : 'resolved') &&
    (start === undefined || isNear(alert.startsAt, start)) &&
    (end === undefined ? alert.endsAt === ZERO_TIME : alert.endsAt !== ZERO_TIME && isNear(alert.endsAt, end))
  );
}

const shown = ({ t, collector, json }: Body): string =>
  `${collector} at ${t}: ${json.alerts.map(({ status, labels }) => `${status} ${JSON.stringify(labels)}`).join(', ')}`;
