/** The files of a simulated installation, with a canary in every secret: none may ever be seen anywhere. */
import { stringify } from 'yaml';
import { type IntegrationSpec, type LabelTest, numberOf, type ReceiverSpec, type RouteNode, type Rule, type Scenario } from './scenario.ts';
import { HIGH } from './signal.ts';

/** All secrets of the files begin so. */
export const CANARY = 'canary-token-';
export const TWILIO_TOKEN = `${CANARY}twilio`;
/** What calls and texts come from. */
export const TWILIO_NUMBER = '+15005550006';

/** Alerts as notifications name them: what providers are told is read from this. */
const NAMES_TEMPLATE = '{{ range . }}{{ .Labels.alertname }}/{{ .Labels.instance }}/{{ .Labels.job }} {{ end }}';
const MAIL_TEXT = `firing: {{ with .Alerts.Firing }}${NAMES_TEMPLATE}{{ end }}\nresolved: {{ with .Alerts.Resolved }}${NAMES_TEMPLATE}{{ end }}\n`;
const DETAILS = {
  firing: `{{ with .Alerts.Firing }}${NAMES_TEMPLATE}{{ end }}`,
  resolved: `{{ with .Alerts.Resolved }}${NAMES_TEMPLATE}{{ end }}`,
};

const duration = (ms: number): string => `${ms / 1000}s`;
const matcher = ({ name, op, value }: LabelTest): string => `${name}${op}${JSON.stringify(value)}`;
const THRESHOLD = (HIGH + 1) / 2;

export function filesOf(scenario: Scenario): Readonly<Record<string, string>> {
  const jobs = [...new Set(scenario.targets.map(({ job }) => job))];
  const config = {
    global: {
      scrape_interval: duration(scenario.scrapeMs),
      evaluation_interval: duration(scenario.evaluationMs),
      resolve_timeout: '5m',
      smtp_smarthost: 'mail:25',
      smtp_from: 'tocsin@example.org',
      smtp_require_tls: false,
      smtp_auth_username: 'tocsin',
      smtp_auth_password: `${CANARY}smtp`,
      opsgenie_api_url: 'http://opsgenie/',
      opsgenie_api_key: `${CANARY}opsgenie`,
      ...(hasTelephones(scenario) && {
        twilio_account_sid: `AC${'1'.repeat(32)}`,
        twilio_auth_token: TWILIO_TOKEN,
        twilio_from: TWILIO_NUMBER,
        twilio_callback_url: 'http://tocsin:9099',
      }),
      ...(scenario.lastResort !== null && { tocsin: { last_resort: scenario.lastResort } }),
    },
    scrape_configs: jobs.map((job) => ({
      job_name: job,
      basic_auth: { username: 'tocsin', password: `${CANARY}scrape` },
      static_configs: [{ targets: scenario.targets.filter((target) => target.job === job).map(({ host }) => `${host}:80`) }],
    })),
    rule_files: ['/etc/rules.yml'],
    route: routeOf(scenario.root, true),
    receivers: scenario.receivers.map(receiverOf),
    inhibit_rules: scenario.inhibitions.map(({ source, target, equal }) => ({
      source_matchers: source.map(matcher),
      target_matchers: target.map(matcher),
      equal,
    })),
    time_intervals: scenario.intervals.map(({ name, fromMinute, toMinute }) => ({
      name,
      time_intervals: [{ times: [{ start_time: clockTime(fromMinute), end_time: clockTime(toMinute) }] }],
    })),
  };
  return { '/etc/tocsin.yml': stringify(config), '/etc/rules.yml': stringify({ groups: scenario.rules.map(groupOf) }) };
}

const clockTime = (minute: number): string => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

function routeOf(node: RouteNode, isRoot = false): object {
  return {
    receiver: node.receiver,
    group_by: node.groupBy === 'all' ? ['...'] : node.groupBy,
    group_wait: duration(node.waitMs),
    group_interval: duration(node.intervalMs),
    repeat_interval: duration(node.repeatMs),
    ...(isRoot ? {} : { matchers: node.matchers.map(matcher), continue: node.continue }),
    ...(node.mutedBy.length === 0 ? {} : { mute_time_intervals: node.mutedBy }),
    ...(node.activeBy.length === 0 ? {} : { active_time_intervals: node.activeBy }),
    routes: node.children.map((child) => routeOf(child)),
  };
}

/** So that what is told when follows from routes alone. */
const OFTEN = { per_minute: 600, burst: 60 };

const isTelephone = ({ kind }: IntegrationSpec): boolean => kind === 'phone' || kind === 'sms';
const hasTelephones = ({ receivers }: Scenario): boolean => receivers.some(({ integrations }) => integrations.some(isTelephone));

function receiverOf({ name, integrations, fallback }: ReceiverSpec): object {
  const lists: Record<string, object[]> = {};
  for (const spec of integrations) {
    const list = (lists[`${spec.kind}_configs`] ??= []);
    const own = { resolve_contract: spec.contract, ...(isTelephone(spec) && { rate_limit: OFTEN }) };
    list.push({ ...fieldsOf(spec), send_resolved: spec.sendResolved, tocsin: own });
  }
  const stages = fallback.map(({ receiver, afterMs, on }) => ({ receiver, after: duration(afterMs), on }));
  return { name, ...lists, ...(stages.length > 0 && { tocsin: { fallback: stages } }) };
}

function fieldsOf({ kind, id }: IntegrationSpec): object {
  switch (kind) {
    case 'webhook':
      return { url: `http://${id}/hook?token=${CANARY}url`, timeout: '10s' };
    case 'email':
      return { to: `${id}@example.org`, text: MAIL_TEXT, html: '' };
    case 'pagerduty':
      return { url: `http://${id}/v2/enqueue`, routing_key: `${CANARY}pagerduty`, details: DETAILS };
    case 'opsgenie':
      return { api_url: `http://${id}/`, details: DETAILS };
    case 'inbox':
      return { subject: id, text: MAIL_TEXT, html: '' };
    case 'phone':
    case 'sms':
      return { to: numberOf({ id }) };
  }
}

/** Each rule in a group of its own: none waits for another. */
function groupOf(rule: Rule): object {
  const alert = {
    alert: rule.name,
    expr: exprOf(rule),
    ...(rule.forMs > 0 ? { for: duration(rule.forMs) } : {}),
    ...(rule.keepFiringMs > 0 ? { keep_firing_for: duration(rule.keepFiringMs) } : {}),
    labels: rule.labels,
    annotations: { summary: '{{ $labels.instance }} has {{ $value }}' },
  };
  const record = { record: `job:gauge:${rule.name}`, expr: `max by (job) (gauge{job="${rule.job}"})` };
  return { name: rule.name, rules: rule.kind === 'recorded' ? [record, alert] : [alert] };
}

export function exprOf({ name, kind, job, host }: Rule): string {
  const of = `{job="${job}"}`;
  switch (kind) {
    case 'above':
      return `gauge${of} > ${THRESHOLD}`;
    case 'down':
      return `up${of} == 0`;
    case 'absent':
      return `absent(gauge{job="${job}",instance="${host}:80"})`;
    case 'average':
      return `avg_over_time(gauge${of}[2m]) > ${THRESHOLD}`;
    case 'sum':
      return `sum by (job) (gauge${of}) > ${THRESHOLD}`;
    case 'both':
      return `gauge${of} > ${THRESHOLD} and on (instance) other${of} < ${THRESHOLD}`;
    case 'rate':
      return `rate(work_total${of}[4m]) > ${THRESHOLD}`;
    case 'always':
      return 'vector(1)';
    case 'recorded':
      return `job:gauge:${name} > ${THRESHOLD}`;
  }
}
