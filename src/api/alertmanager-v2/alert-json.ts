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

function alertJson(view: AlertView, endsAtOf: EndsAtOf, mutedBy: readonly string[]): string {
  const { alert, receivers } = view;
  let fixed = written.get(alert);
  if (fixed === undefined) written.set(alert, (fixed = inOnePiece(fixedPart(alert))));
  return `${fixed},"endsAt":${timeJson(endsAtOf(alert))},"receivers":${receiversJson(receivers)},"status":${statusJson(view, mutedBy)}}`;
}

const ACTIVE = '{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"}';

/** An alert of a muted group is suppressed, whatever it is by itself. */
function statusJson({ state, inhibitedBy, silencedBy }: AlertView, mutedBy: readonly string[]): string {
  if (state === 'active' && mutedBy.length === 0) return ACTIVE;
  const names = `"inhibitedBy":${JSON.stringify(inhibitedBy)},"mutedBy":${JSON.stringify(mutedBy)},"silencedBy":${JSON.stringify(silencedBy)}`;
  return `{${names},"state":"suppressed"}`;
}

/** Strings put together stay a tree of their parts, which every answer would walk again; this one is a row of characters. */
const inOnePiece = (text: string): string => Buffer.from(text).toString();

/** Up to the comma before what changes. */
function fixedPart({ annotations, fingerprint, startsAt, updatedAt, generatorUrl, labels }: Alert): string {
  const times = `"startsAt":${timeJson(startsAt)},"updatedAt":${timeJson(updatedAt)}`;
  const generator = generatorUrl === '' ? '' : `,"generatorURL":${JSON.stringify(generatorUrl)}`;
  return `{"annotations":${labelsJson(annotations)},"fingerprint":"${fingerprint}",${times}${generator},"labels":${labelsJson(labels)}`;
}

function receiversJson(receivers: readonly string[]): string {
  let out = '[';
  for (const name of receivers) out += `${out.length > 1 ? ',' : ''}{"name":${JSON.stringify(name)}}`;
  return `${out}]`;
}
