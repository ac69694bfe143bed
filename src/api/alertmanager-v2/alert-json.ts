/**
 * Alerts and groups as API v2 writes them. The parts of an alert that are the same for every reader are written once per
 * version of it and kept for as long as the version lives.
 *
 * Hot path: every alert of every GET.
 */
import type { AlertView, GroupView } from '../../alerts/router-view.ts';
import type { Alert } from '../../model/alert.ts';
import type { Labels } from '../../model/labels.ts';
import type { UnixMs } from '../../model/time.ts';

type EndsAtOf = (alert: Alert) => UnixMs;

/** Of each version that was read: everything but its end, its receivers and its status. */
const written = new WeakMap<Alert, string>();

export function alertsJson(views: readonly AlertView[], endsAtOf: EndsAtOf): string {
  let out = '[';
  for (const view of views) out += `${out.length > 1 ? ',' : ''}${alertJson(view, endsAtOf, [])}`;
  return `${out}]`;
}

export function groupsJson(groups: readonly GroupView[], endsAtOf: EndsAtOf, routeLabelsOf: (group: GroupView) => Labels): string {
  const parts = groups.map((group) => {
    const alerts = group.alerts.map((view) => alertJson(view, endsAtOf, group.mutedBy)).join(',');
    const receiver = `{"name":${JSON.stringify(group.receiver)}}`;
    return `{"alerts":[${alerts}],"labels":${labelsJson(group.labels)},"receiver":${receiver},"routeLabels":${labelsJson(routeLabelsOf(group))}}`;
  });
  return `[${parts.join(',')}]`;
}

export function labelsJson(labels: Labels): string {
  const { flat } = labels;
  let out = '{';
  for (let i = 0; i < flat.length; i += 2) {
    out += `${i > 0 ? ',' : ''}${JSON.stringify(flat[i])}:${JSON.stringify(flat[i + 1])}`;
  }
  return `${out}}`;
}

export const timeJson = (at: UnixMs): string => `"${new Date(at).toISOString()}"`;

/** Muted groups are suppressed, whatever their alerts are. */
function alertJson(
  { alert, receivers, state, silencedBy, inhibitedBy }: AlertView,
  endsAtOf: EndsAtOf,
  mutedBy: readonly string[],
): string {
  let fixed = written.get(alert);
  if (fixed === undefined) written.set(alert, (fixed = fixedPart(alert)));
  const shown = mutedBy.length > 0 ? 'suppressed' : state;
  const status = `{"inhibitedBy":${namesJson(inhibitedBy)},"mutedBy":${namesJson(mutedBy)},"silencedBy":${namesJson(silencedBy)},"state":"${shown}"}`;
  return `${fixed},"endsAt":${timeJson(endsAtOf(alert))},"receivers":${receiversJson(receivers)},"status":${status}}`;
}

/** Up to the comma before what changes. */
function fixedPart({ annotations, fingerprint, startsAt, updatedAt, generatorUrl, labels }: Alert): string {
  const times = `"startsAt":${timeJson(startsAt)},"updatedAt":${timeJson(updatedAt)}`;
  const generator = generatorUrl === '' ? '' : `,"generatorURL":${JSON.stringify(generatorUrl)}`;
  return `{"annotations":${labelsJson(annotations)},"fingerprint":"${fingerprint}",${times}${generator},"labels":${labelsJson(labels)}`;
}

const namesJson = (names: readonly string[]): string => (names.length === 0 ? '[]' : JSON.stringify(names));

function receiversJson(receivers: readonly string[]): string {
  let out = '[';
  for (const name of receivers) out += `${out.length > 1 ? ',' : ''}{"name":${JSON.stringify(name)}}`;
  return `${out}]`;
}
