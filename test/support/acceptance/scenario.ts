/** Alertmanager's black-box scenarios as their YAML files have them (conformance/alertmanager/acceptance). All times are seconds from t = 0. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export type Strings = Readonly<Record<string, string>>;

export type ScenarioAlert = {
  readonly labels: Strings;
  readonly annotations?: Strings;
  readonly start?: number;
  readonly end?: number;
};

export type WantedResponse = {
  /** One of these; 200 when left out. */
  readonly status?: number | readonly number[];
  readonly body_contains?: string;
  readonly count?: number;
  /** By dotted path: what every item of the answer has there. */
  readonly each?: Readonly<Record<string, unknown>>;
  /** The same of the first alert of the first group. */
  readonly first_alert?: Readonly<Record<string, unknown>>;
};

/** One of the actions is given. */
export type ScenarioStep = {
  readonly at: number;
  readonly post_alerts?: readonly ScenarioAlert[];
  readonly set_silence?: {
    readonly ref: string;
    readonly start: number;
    readonly end: number;
    readonly matchers: readonly unknown[];
    readonly created_by?: string;
    readonly comment?: string;
  };
  readonly del_silence?: string;
  readonly reload?: true;
  readonly request?: { readonly method: string; readonly path: string; readonly body?: unknown };
  readonly amtool?: readonly string[];
  readonly expect_response?: WantedResponse;
  /** Of amtool: 0, or anything else for any failure. */
  readonly exit?: number;
  readonly output_contains?: string;
  readonly json_count?: number;
  readonly save_stdout?: string;
};

/** What a webhook collector does until `until`. */
export type CollectorBehaviour = {
  readonly until: number;
  readonly status?: number;
  /** Seconds before the answer. */
  readonly delay?: number;
  /** Whether such a body counts as received. */
  readonly record?: boolean;
  readonly max_requests?: number;
};

export type Expectation = {
  readonly collector: string;
  readonly between: readonly [from: number, to: number];
  /** None: nothing comes in that time. */
  readonly alerts: readonly ScenarioAlert[];
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly ordered?: boolean;
};

export type Scenario = {
  readonly id: string;
  /** `{{name}}` stands for the host and port of a collector. */
  readonly config: string;
  readonly flags?: readonly string[];
  readonly route_prefix?: string;
  readonly requires?: readonly string[];
  /** Of the alerts' times. */
  readonly tolerance?: number;
  readonly steps: readonly ScenarioStep[];
  readonly receivers_behaviour?: Readonly<Record<string, CollectorBehaviour>>;
  readonly expect?: readonly Expectation[];
  readonly unexpected?: 'ignore';
  readonly until?: number;
};

export const readScenarios = (dir: string): readonly Scenario[] =>
  readdirSync(dir)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => parse(readFileSync(join(dir, file), 'utf8')) as Scenario);

/** When it is over: nothing that comes later counts. */
export const endOf = ({ until = 0, expect = [] }: Scenario): number => Math.max(until, ...expect.map(({ between }) => between[1]));
