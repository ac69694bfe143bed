/**
 * Why somebody was paged, or was not: puts together what the rule, the event log, the outbox and the router's own functions
 * say of one alert at one instant. The cause comes first. Of an instant that has passed: decisions from the log up to then,
 * silences and time intervals as they were then, but the routing tree and the rules as they are now, which is said.
 */
import { printAlertMatcher, printAlertMatchers } from '../../alerts/matcher-text.ts';
import type { Route, RouteTrace } from '../../alerts/route.ts';
import type { SilenceId } from '../../alerts/router-state.ts';
import type { RoutingTrace } from '../../alerts/router-view.ts';
import type { ExplainSubject } from '../../api/tocsin-v1/backend.ts';
import type { Explanation, ExplanationStage } from '../../api/tocsin-v1/explanation.ts';
import type { StoredEvent } from '../../db/event-repository.ts';
import { goQuote } from '../../lib/go-quote.ts';
import type { Alert } from '../../model/alert.ts';
import { fingerprintOf } from '../../model/fingerprint.ts';
import { Labels } from '../../model/labels.ts';
import { equalMatcher, type Matcher, matchesLabels, matchesValue } from '../../model/matcher.ts';
import type { UnixMs } from '../../model/time.ts';
import type { RuleGroupStatus, RuleStatus } from '../../rules/rule-manager.ts';
import type { App } from '../app.ts';
import { routerConfigOf } from '../control/router-config.ts';
import { type Finding, iso, stage } from './finding.ts';
import { endText, type Life, lifeAt } from './life.ts';
import { type GroupFacts, type GroupFinding, groupFinding, type HeldBack } from './routed.ts';
import { type SampleFinding, sampleFinding } from './sample.ts';

const EVENTS_READ_MAX = 1000;
const NOTIFICATIONS_READ_MAX = 100;
const OTHERS_SHOWN_MAX = 10;
const ROUTES_NAMED_MAX = 2;

/** The instant, and whether it is not now. */
type When = { readonly at: UnixMs; readonly now: UnixMs; readonly isPast: boolean };

/** `wanted`: null for now, as is any instant to come. */
export async function explain(app: App, subject: ExplainSubject, wanted: UnixMs | null): Promise<Explanation> {
  const now = app.ports.clock.now();
  const isPast = wanted !== null && wanted < now;
  const when: When = { at: isPast ? wanted : now, now, isPast };
  const notes = wanted !== null && wanted > now ? [`${iso(wanted)} is yet to come: this is how things stand now`] : [];
  const matchers = subject.kind === 'matchers' ? subject.matchers : [...subject.labels].map(([name, value]) => equalMatcher(name, value));
  const whole = subject.kind === 'labels' ? app.keeper.router.alert(fingerprintOf(subject.labels)) : null;
  const known = whole === null ? byRelevance(app.keeper.router.remembered(matchers), when.at) : [whole];
  const [alert, ...others] = known;
  const groups = await app.engine.call('ruleGroups', null);
  const rules = groups.kind === 'gave' ? alertingRules(groups.gives, matchers) : [];
  if (groups.kind === 'refused') notes.push(`what the rules say is not known: ${groups.error.message}`);
  const labelsGiven = subject.kind === 'labels' ? subject.labels : equalLabels(matchers);
  let found: Omit<Explanation, 'at' | 'notes' | 'others'> & { readonly notes: readonly string[] };
  if (alert !== undefined) found = await explainAlert(app, { labels: alert.labels, alert, rules, matchers }, when);
  else {
    const firing = announcedBy(app, matchers);
    const [rule] = rules;
    const events = await app.events.find({ fingerprint: fingerprintOf(labelsGiven), to: when.at, keep: 'last', limit: EVENTS_READ_MAX });
    if (firing !== null && !isPast) {
      const announced = app.keeper.router.alert(fingerprintOf(firing));
      found = await explainAlert(app, { labels: firing, alert: announced, rules, matchers }, when);
    } else if (lifeAt(events, null, when.at) !== null)
      found = await explainAlert(app, { labels: labelsGiven, alert: null, rules, matchers }, when);
    else if (rule !== undefined) found = await explainRule(app, rule, matchers, when);
    else found = explainHypothetical(app, labelsGiven, when, groups.kind === 'gave');
  }
  return {
    ...found,
    at: iso(when.at),
    notes: [...notes, ...found.notes],
    others: others.slice(0, OTHERS_SHOWN_MAX).map(({ labels }) => labels.toRecord()),
  };
}

/** Those that fired then before those that had ended or had not begun, the youngest first. */
function byRelevance(alerts: readonly Alert[], at: UnixMs): readonly Alert[] {
  const rank = ({ startsAt, endsAt }: Alert): number => (startsAt > at ? 2 : endsAt !== null && endsAt <= at ? 1 : 0);
  return alerts.toSorted((a, b) => rank(a) - rank(b) || b.startsAt - a.startsAt || (a.fingerprint < b.fingerprint ? -1 : 1));
}

/** Alerting rules of the name asked for whose own labels, where they are no templates, do not speak against it. */
function alertingRules(groups: readonly RuleGroupStatus[], matchers: readonly Matcher[]): readonly RuleStatus[] {
  if (!matchers.some(({ name }) => name === 'alertname')) return [];
  return groups
    .flatMap(({ rules }) => rules)
    .filter(({ kind, name, labels }) => {
      if (kind !== 'alerting') return false;
      const fixed: Readonly<Record<string, string>> = { ...labels, alertname: name };
      return matchers.every((matcher) => {
        const value = fixed[matcher.name];
        return value === undefined || value.includes('{{') || matchesValue(matcher, value);
      });
    });
}

const equalLabels = (matchers: readonly Matcher[]): Labels =>
  Labels.fromPairs(matchers.filter(({ op }) => op === '=').map(({ name, value }) => [name, value]));

/** What an alert that a rule raised under labels that match is called outside; null: there is none, or it was never announced. */
function announcedBy({ keeper }: App, matchers: readonly Matcher[]): Labels | null {
  for (const { row, announced } of keeper.ruleAlerts.values())
    if (announced !== null && row.state === 'firing' && matchesLabels(matchers, Labels.fromSorted(row.labels)))
      return Labels.fromSorted(announced);
  return null;
}

type Explained = Omit<Explanation, 'at' | 'others'>;

async function explainAlert(
  app: App,
  subject: {
    readonly labels: Labels;
    readonly alert: Alert | null;
    readonly rules: readonly RuleStatus[];
    readonly matchers: readonly Matcher[];
  },
  when: When,
): Promise<Explained> {
  const { labels, alert, rules } = subject;
  const { at, isPast } = when;
  const fingerprint = fingerprintOf(labels);
  const events = await app.events.find({ fingerprint, to: at, keep: 'last', limit: EVENTS_READ_MAX });
  const life = lifeAt(events, alert, at);
  const trace = app.keeper.router.trace(labels, at);
  const alertname = labels.get('alertname');
  const row = [...app.keeper.ruleAlerts.values()].find(
    ({ announced }) => announced !== null && Labels.fromSorted(announced).equals(labels),
  )?.row;
  const rule = rules.find(({ name }) => name === (row?.ruleName ?? alertname)) ?? null;
  const matchers = row === undefined ? [...labels].map(([name, value]) => equalMatcher(name, value)) : ownMatchers(row.labels);
  const isOutside = alert?.origin === 'external';
  const sample = rule === null || isOutside ? null : await sampleFinding(app, rule, matchers, { at: isPast ? at : null, now: when.now });
  const sampleStage =
    sample?.stage ??
    stage('sample', 'unknown', isOutside ? 'posted from outside: no rule here raised it' : `no rule is called ${goQuote(alertname)} now`);
  const before = [sampleStage, ingestStage(life, events), routeStage(trace)];
  const notes = hashNotes(app, events, when);
  const answer = ({ cause, verdict }: Finding, stages: readonly ExplanationStage[]): Explained => ({
    subject: labels.toRecord(),
    subjectKind: 'alert',
    cause,
    verdict,
    notes,
    stages,
  });
  if (life === null)
    return answer(sample?.finding ?? { cause: 'unknown_alert', verdict: `no alert: it did not exist at ${iso(at)}` }, before);
  if (life.kind === 'dropped')
    return answer(
      {
        cause: 'alertname_limit',
        verdict: `not stored: --alerts.per-alertname-limit was reached for ${goQuote(alertname)} at ${iso(life.at)}`,
      },
      before,
    );
  const [inhibition, silence] = [inhibitionOf(app, trace, events, when), silenceOf(app, trace, events, isPast)];
  const groups = await groupFindings(app, trace, { fingerprint, life, inhibition, silence, ...when });
  const held = (name: 'inhibit' | 'silence', what: HeldBack | null, free: string): ExplanationStage =>
    what === null ? stage(name, 'passed', free) : stage(name, 'stopped', what.by);
  const stages = [
    ...before,
    held('inhibit', inhibition, 'no firing alert inhibits it'),
    held('silence', silence, 'no active silence matches'),
    ...groups.map((group) => group.stage),
  ];
  const found = inOrder(groups);
  const verdict = `${found.verdict}${unmatchedText(trace)}`;
  if (life.kind === 'firing') return answer({ ...found, verdict }, stages);
  // It has ended; what comes next, or why it ended, is what one wants to know.
  if (sample?.finding?.cause === 'pending')
    return answer({ ...sample.finding, verdict: `${sample.finding.verdict}; before that ${verdict}` }, stages);
  if (life.reason === 'rule_removed')
    return answer({ cause: 'rule_removed', verdict: `no alert since ${iso(life.endedAt)}: ${endText(life.reason)}; ${verdict}` }, stages);
  if (life.reason === 'data_missing' && sample?.finding != null)
    return answer({ ...found, verdict: `${verdict}; ${sample.finding.verdict}` }, stages);
  return answer({ ...found, verdict }, stages);
}

const ownMatchers = (flat: readonly string[]): readonly Matcher[] =>
  [...Labels.fromSorted(flat)].map(([name, value]) => equalMatcher(name, value));

/** No alert of the router: what the rule says, and where an alert of it would go. */
async function explainRule(app: App, rule: RuleStatus, matchers: readonly Matcher[], when: When): Promise<Explained> {
  const sample: SampleFinding = await sampleFinding(app, rule, matchers, { at: when.isPast ? when.at : null, now: when.now });
  const fixed = Object.entries(rule.labels).filter(([, value]) => !value.includes('{{'));
  const own = rule.alerts.find(({ labels }) => matchesLabels(matchers, Labels.of(labels)))?.labels ?? {};
  const labels = Labels.fromPairs([...equalLabels(matchers), ...fixed, ...Object.entries(own), ['alertname', rule.name]]);
  const finding = sample.finding ?? {
    cause: 'relabelled_away' as const,
    verdict: when.isPast
      ? `no alert is known from then, though rule ${rule.name} was firing: it was forgotten, or dropped by alert_relabel_configs`
      : `not sent: rule ${rule.name} fires, and alert_relabel_configs drop the alert`,
  };
  return {
    subject: labels.toRecord(),
    subjectKind: 'rule',
    ...finding,
    notes: [],
    stages: [
      sample.stage,
      stage('ingest', 'stopped', 'no alert with these labels came'),
      routeStage(app.keeper.router.trace(labels, when.at)),
    ],
  };
}

function explainHypothetical(app: App, labels: Labels, when: When, areRulesKnown: boolean): Explained {
  const trace = app.keeper.router.trace(labels, when.at);
  const alertname = labels.get('alertname');
  const noRule = areRulesKnown && alertname !== '' ? `no rule is called ${goQuote(alertname)}, and ` : '';
  const receivers = trace.groups.map(({ receiver }) => goQuote(receiver)).join(', ');
  const silence = silenceOf(app, trace, [], when.isPast);
  return {
    subject: labels.toRecord(),
    subjectKind: 'hypothetical',
    cause: 'unknown_alert',
    verdict: `no alert: ${noRule}no alert that matches was received or is remembered; one with these labels would go to ${receivers}`,
    notes: [],
    stages: [
      stage('ingest', 'stopped', 'no alert with these labels is remembered'),
      routeStage(trace),
      ...(silence === null ? [] : [stage('silence', 'stopped', silence.by)]),
    ],
  };
}

async function groupFindings(
  app: App,
  trace: RoutingTrace,
  facts: Pick<GroupFacts, 'fingerprint' | 'life' | 'inhibition' | 'silence' | 'at' | 'isPast'>,
): Promise<readonly GroupFinding[]> {
  const routes = new Map(routesOf(trace.route).map((route) => [route.id, route]));
  const { receivers } = routerConfigOf(app.config, app.options);
  return Promise.all(
    trace.groups.map(async (group) => {
      const { groupKey, receiver, routeId } = group;
      const route = routes.get(routeId);
      if (route === undefined) throw new Error(`BUG: the trace takes no route ${routeId}`);
      const [events, notifications] = await Promise.all([
        app.events.find({ groupKey, to: facts.at, keep: 'last', limit: EVENTS_READ_MAX }),
        app.outbox.history({ groupKey, to: facts.at, limit: NOTIFICATIONS_READ_MAX }),
      ]);
      const integrations = receivers.find(({ name }) => name === receiver)?.integrations ?? [];
      return groupFinding({ ...facts, group, route, integrations, events, notifications });
    }),
  );
}

/** All findings in one: what was not sent first. */
function inOrder(groups: readonly GroupFinding[]): Finding {
  const all = groups.flatMap(({ findings }) => findings);
  const isTold = ({ cause }: Finding): boolean => cause === 'sent' || cause === 'resolve_sent';
  const ordered = [...all.filter((finding) => !isTold(finding)), ...all.filter(isTold)];
  const [first] = ordered;
  if (first === undefined) throw new Error('BUG: an alert that no route takes');
  return { cause: first.cause, verdict: [...new Set(ordered.map(({ verdict }) => verdict))].join('; ') };
}

function inhibitionOf(app: App, { inhibitedBy }: RoutingTrace, events: readonly StoredEvent[], { at, isPast }: When): HeldBack | null {
  const last = events.findLast(({ stage: name }) => name === 'inhibit');
  const logged = last?.verdict === 'suppressed' ? last : null;
  const { router } = app.keeper;
  const sourceText = (fingerprint: string, rule: string): string => {
    const source = router.alert(fingerprint as Alert['fingerprint']);
    return `inhibited by ${source === null ? `alert ${fingerprint}` : source.labels.toString()}${rule === '' ? '' : ` (rule ${goQuote(rule)})`}`;
  };
  if (inhibitedBy !== null) {
    const source = router.alert(inhibitedBy.fingerprint);
    if (!isPast || (source !== null && source.startsAt <= at)) {
      const since = logged?.at ?? source?.startsAt ?? at;
      return { cause: 'inhibited', by: `${sourceText(inhibitedBy.fingerprint, inhibitedBy.rule.name)} since ${iso(since)}` };
    }
  }
  if (!isPast || logged === null) return null;
  const by = logged.detail?.['by'];
  const first = Array.isArray(by) ? String(by[0]) : '';
  return { cause: 'inhibited', by: `${sourceText(first, String(logged.detail?.['rule'] ?? ''))} since ${iso(logged.at)}` };
}

/** Silences that have ended since are in no index of the router any more: of them the log tells. */
function silenceOf(app: App, { silencedBy }: RoutingTrace, events: readonly StoredEvent[], isPast: boolean): HeldBack | null {
  const last = events.findLast(({ stage: name }) => name === 'silence');
  const logged = last?.verdict === 'suppressed' ? last : null;
  const by = logged?.detail?.['by'];
  const ids = new Set<string>(isPast && Array.isArray(by) ? [...silencedBy, ...by] : silencedBy);
  if (ids.size === 0) return null;
  const seen = logged === null ? '' : `, seen by a flush at ${iso(logged.at)}`;
  const silences = [...ids].map((id) => {
    const row = app.keeper.router.silence(id as SilenceId);
    return row === null ? id : `${id} (${row.createdBy}, ${goQuote(row.comment)}) since ${iso(row.startsAt)}`;
  });
  return { cause: 'silenced', by: `silenced by ${silences.join(' and ')}${seen}` };
}

function ingestStage(life: Life | null, events: readonly StoredEvent[]): ExplanationStage {
  const details = events
    .filter(({ stage: name }) => name === 'ingest' || name === 'resolve')
    .slice(-6)
    .map(({ at, verdict, reason }) => `${iso(at)} ${verdict}: ${reason}`);
  if (life === null) return stage('ingest', 'stopped', 'the alert did not exist then', { details });
  if (life.kind === 'dropped') return stage('ingest', 'stopped', `dropped: ${life.reason}`, { at: life.at, details });
  if (life.kind === 'firing') return stage('ingest', 'passed', 'the alert fires', { at: life.since, details });
  return stage('ingest', 'passed', `the alert has ended: ${endText(life.reason)}`, { at: life.endedAt, details });
}

const routesOf = ({ route, children }: RouteTrace): readonly Route[] => [route, ...children.flatMap(routesOf)];

const matchersText = ({ matchers }: Route): string => printAlertMatchers(matchers);

const failedText = ({ failed }: RouteTrace): string =>
  failed === null ? '' : `${printAlertMatcher(failed.matcher)} fails: ${failed.matcher.name} is ${goQuote(failed.value)}`;

function routeStage({ route, groups }: RoutingTrace): ExplanationStage {
  const details: string[] = [];
  const walk = (trace: RouteTrace, depth: number): void => {
    const why = trace.verdict === 'failed' ? `failed: ${failedText(trace)}` : trace.verdict.replace('_', ' ');
    details.push(`${'  '.repeat(depth)}${matchersText(trace.route)} to ${trace.route.receiver}: ${why}`);
    if (trace.verdict === 'chosen' || trace.verdict === 'entered') for (const child of trace.children) walk(child, depth + 1);
  };
  walk(route, 0);
  return stage('route', 'passed', `to ${groups.map(({ receiver }) => goQuote(receiver)).join(', ')}`, { details });
}

/** Only the root took it: which routes one may have counted on, and what kept them from matching. */
function unmatchedText({ route }: RoutingTrace): string {
  const failed = route.verdict === 'chosen' ? route.children.filter(({ verdict }) => verdict === 'failed') : [];
  if (failed.length === 0) return '';
  const named = failed
    .slice(0, ROUTES_NAMED_MAX)
    .map((trace) => `${matchersText(trace.route)} to ${goQuote(trace.route.receiver)} (${failedText(trace)})`);
  const more = failed.length > ROUTES_NAMED_MAX ? ` and ${failed.length - ROUTES_NAMED_MAX} more` : '';
  return `; the root route took it, for no other matches: ${named.join(', ')}${more}`;
}

function hashNotes(app: App, events: readonly StoredEvent[], { isPast }: When): readonly string[] {
  const last = events.at(-1);
  if (!isPast || last === undefined || last.configHash === app.config.hash) return [];
  return [`the configuration was another then (${last.configHash}): routes and rules are those of now (${app.config.hash})`];
}
