/**
 * What holds in the simulated world, whatever the application thinks: for each alert that there can be, whether its
 * condition is true now, by naive evaluation of the targets' true values. Shares nothing with the code but the idea.
 */
import type { LabelMap, Rule, Scenario, Target } from './scenario.ts';
import { HIGH, LOW, rateAt, valueAt } from './signal.ts';

/** null: nobody can say, such as of a target that answers every other time. */
export type Truth = boolean | null;

/** How a target answers at an instant. */
export type Reach = 'good' | 'bad' | 'unsure';

export type AlertDefinition = {
  /** `alertname/instance/job`, as notifications name it. */
  readonly key: string;
  readonly labels: LabelMap;
  /** For people: what it is about. */
  readonly what: string;
  readonly origin: 'rule' | 'sender';
  readonly forMs: number;
  readonly keepMs: number;
  /** How old the data is, at most, that an evaluation may see instead of the present. */
  readonly lagMs: number;
  readonly truth: (atMs: number, reach: (host: string) => Reach) => Truth;
  /** How long the end of a series may go unnoticed after a gap: nobody marked it. */
  readonly unmarkedMs: number;
  /** Of a sender: how long after its last word the alert ends by itself. */
  readonly silentMs: number;
};

const THRESHOLD = (HIGH + LOW) / 2;
/** A scrape may take its whole timeout, and the grid may have just been missed. */
const SLOW_MS = 15_000;
const GRAIN_MS = 7500;
const LOOKBACK_MS = 330_000;

export const keyOf = ({ alertname = '', instance = '', job = '' }: LabelMap): string => `${alertname}/${instance}/${job}`;

export function definitionsOf(scenario: Scenario): readonly AlertDefinition[] {
  return [...scenario.rules.flatMap((rule) => ofRule(rule, scenario)), ...scenario.senders.map((sender) => ofSender(sender))];
}

function ofSender({ labels, active, saysEnd }: Scenario['senders'][number]): AlertDefinition {
  return {
    key: keyOf(labels),
    labels,
    what: `posted while ${JSON.stringify(active)}${saysEnd ? '' : ', ends in silence'}`,
    origin: 'sender',
    forMs: 0,
    keepMs: 0,
    lagMs: 75_000,
    truth: (atMs) => {
      const value = valueAt(active, atMs);
      return value === HIGH;
    },
    unmarkedMs: 0,
    silentMs: saysEnd ? 0 : 300_000,
  };
}

function ofRule(rule: Rule, scenario: Scenario): readonly AlertDefinition[] {
  const targets = scenario.targets.filter(({ job }) => job === rule.job);
  const rangeMs = { average: 120_000, rate: 240_000 }[rule.kind as 'average' | 'rate'] ?? 0;
  const define = (more: LabelMap, truth: AlertDefinition['truth']): AlertDefinition => {
    const labels = { alertname: rule.name, ...rule.labels, ...more };
    return {
      key: keyOf(labels),
      labels,
      what: `${rule.kind}, for ${rule.forMs / 1000} s`,
      origin: 'rule',
      forMs: rule.forMs,
      keepMs: rule.keepFiringMs,
      lagMs: scenario.scrapeMs + SLOW_MS + rangeMs + (rule.kind === 'recorded' ? SLOW_MS : 0),
      truth,
      unmarkedMs: rule.kind === 'absent' ? LOOKBACK_MS : 0,
      silentMs: 0,
    };
  };
  const ofTarget = ({ host, job }: Target): LabelMap => ({ instance: `${host}:80`, job });
  switch (rule.kind) {
    case 'above':
    case 'average':
      return targets.map((target) =>
        define(ofTarget(target), (at, reach) => where(reach(target.host), () => isAbove(valueAt(target.gauge, at)))),
      );
    case 'rate':
      return targets.map((target) =>
        define(ofTarget(target), (at, reach) => where(reach(target.host), () => isAbove(rateAt(target.rate, at)))),
      );
    case 'down':
      return targets.map((target) =>
        define(ofTarget(target), (_at, reach) => {
          const how = reach(target.host);
          return how === 'unsure' ? null : how === 'bad';
        }),
      );
    case 'both':
      return targets.map((target) =>
        define(ofTarget(target), (at, reach) =>
          where(reach(target.host), () => {
            const other = valueAt(target.other, at);
            return isAbove(valueAt(target.gauge, at)) && other !== null && other < THRESHOLD;
          }),
        ),
      );
    case 'always':
      return [define({}, () => true)];
    case 'absent': {
      const target = targets.find(({ host }) => host === rule.host) as Target;
      return [
        define(ofTarget(target), (at, reach) => {
          const how = reach(target.host);
          if (how === 'unsure') return null;
          return how === 'bad' || valueAt(target.gauge, at) === null;
        }),
      ];
    }
    case 'sum':
    case 'recorded': {
      const combine = rule.kind === 'sum' ? sum : max;
      return [
        define({ job: rule.job }, (at, reach) => {
          const oldMs = scenario.scrapeMs + SLOW_MS;
          const least: number[] = [];
          const most: number[] = [];
          for (const { host, gauge } of targets) {
            const how = reach(host);
            if (how === 'unsure') return null;
            if (how === 'bad') continue;
            // Each target was scraped at a time of its own: together they may show what never was.
            const values: (number | null)[] = [];
            for (let ms = 0; ms <= oldMs; ms += GRAIN_MS) values.push(valueAt(gauge, at - ms));
            const [now] = values;
            if (values.every((value) => value === null)) continue;
            if (values.some((value) => value === null || Number.isNaN(value) !== Number.isNaN(now))) return null;
            least.push(Math.min(...(values as number[])));
            most.push(Math.max(...(values as number[])));
          }
          if (most.length === 0) return false;
          const isLeast = combine(least) > THRESHOLD;
          return isLeast === combine(most) > THRESHOLD ? isLeast : null;
        }),
      ];
    }
  }
}

/** Of a target that does not answer there is nothing: no condition on its values holds. */
const where = (how: Reach, condition: () => boolean): Truth => (how === 'unsure' ? null : how === 'good' && condition());

const isAbove = (value: number | null): boolean => value !== null && value > THRESHOLD;
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
/** As PromQL's: NaN only counts where there is nothing else. */
const max = (values: readonly number[]): number =>
  values.reduce((best, value) => (Number.isNaN(best) || value > best ? value : best), Number.NaN);
