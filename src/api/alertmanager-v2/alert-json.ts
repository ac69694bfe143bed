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
import type { AnswerWriter } from './answer-writer.ts';

type EndsAtOf = (alert: Alert) => UnixMs;

/** About as long as most are. */
const BYTES_OF_ALERT = 1024;

/** Of each version that was read: everything but its end, its receivers and its status. */
const written = new WeakMap<Alert, string>();

export function writeAlerts(out: AnswerWriter, views: readonly AlertView[], endsAtOf: EndsAtOf): void {
  out.reserve(views.length * BYTES_OF_ALERT);
  out.text('[');
  writeList(out, views, endsAtOf, []);
  out.text(']');
}

export function writeGroups(
  out: AnswerWriter,
  groups: readonly GroupView[],
  endsAtOf: EndsAtOf,
  routeLabelsOf: (group: GroupView) => Labels,
): void {
  let count = 0;
  for (const { alerts } of groups) count += alerts.length;
  out.reserve(count * BYTES_OF_ALERT);
  out.text('[');
  let isFirst = true;
  for (const group of groups) {
    out.text(isFirst ? '{"alerts":[' : ',{"alerts":[');
    isFirst = false;
    writeList(out, group.alerts, endsAtOf, group.mutedBy);
    const receiver = `{"name":${JSON.stringify(group.receiver)}}`;
    out.text(`],"labels":${labelsJson(group.labels)},"receiver":${receiver},"routeLabels":${labelsJson(routeLabelsOf(group))}}`);
  }
  out.text(']');
}

function writeList(out: AnswerWriter, views: readonly AlertView[], endsAtOf: EndsAtOf, mutedBy: readonly string[]): void {
  for (let i = 0; i < views.length; i++) {
    if (i > 0) out.text(',');
    writeAlert(out, views[i] as AlertView, endsAtOf, mutedBy);
  }
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

function writeAlert(out: AnswerWriter, view: AlertView, endsAtOf: EndsAtOf, mutedBy: readonly string[]): void {
  const { alert, receivers } = view;
  let fixed = written.get(alert);
  if (fixed === undefined) written.set(alert, (fixed = inOnePiece(fixedPart(alert))));
  out.text(fixed);
  out.text(`,"endsAt":${timeJson(endsAtOf(alert))},"receivers":${receiversJson(receivers)},"status":${statusJson(view, mutedBy)}}`);
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
