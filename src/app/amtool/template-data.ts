/**
 * What `template render` renders: a notification from a JSON file, in the form that webhooks get (alertmanager/template
 * Data), or an invented one. Times are kept in UTC, whatever offset the file writes.
 */
import { parseTime, RFC3339_NANO } from '../../lib/go-time.ts';
import { Labels } from '../../model/labels.ts';
import { addMs, durationMs, type UnixMs, unixMs } from '../../model/time.ts';
import type { NotificationAlert, NotificationData } from '../../template/alertmanager-data.ts';
import { Failure } from './failure.ts';

/** Go's zero time. */
const NO_TIME = unixMs(-62_135_596_800_000);

/** Throws a Failure. */
export function templateData(text: string): NotificationData {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Failure(`--template.data: ${error.message}`, error);
    throw error;
  }
  const data = fieldsOf(json, 'the file');
  return {
    receiver: textOf(data, 'receiver'),
    status: textOf(data, 'status'),
    alerts: listOf(data, 'alerts').map(alertOf),
    notificationReason: textOf(data, 'notification_reason'),
    groupLabels: labelsOf(data, 'groupLabels'),
    commonLabels: labelsOf(data, 'commonLabels'),
    commonAnnotations: labelsOf(data, 'commonAnnotations'),
    routeLabels: labelsOf(data, 'routeLabels'),
    routeLabelsAreRendered: false,
    externalUrl: textOf(data, 'externalURL'),
  };
}

function alertOf(json: unknown): NotificationAlert {
  const alert = fieldsOf(json, 'an alert');
  return {
    status: textOf(alert, 'status'),
    labels: labelsOf(alert, 'labels'),
    annotations: labelsOf(alert, 'annotations'),
    startsAt: timeOf(alert, 'startsAt'),
    endsAt: timeOf(alert, 'endsAt'),
    generatorUrl: textOf(alert, 'generatorURL'),
    fingerprint: textOf(alert, 'fingerprint'),
  };
}

type JsonFields = Readonly<Record<string, unknown>>;

const wrong = (what: string, expected: string): Failure => new Failure(`--template.data: ${what} is not ${expected}`);

function fieldsOf(json: unknown, what: string): JsonFields {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong(what, 'an object');
  return json as JsonFields;
}

function textOf(fields: JsonFields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value !== 'string') throw wrong(name, 'a text');
  return value;
}

function listOf(fields: JsonFields, name: string): readonly unknown[] {
  const value = fields[name] ?? [];
  if (!Array.isArray(value)) throw wrong(name, 'a list');
  return value;
}

function labelsOf(fields: JsonFields, name: string): Labels {
  const pairs = fieldsOf(fields[name] ?? {}, name);
  return Labels.fromPairs(Object.keys(pairs).map((label): [string, string] => [label, textOf(pairs, label)]));
}

function timeOf(fields: JsonFields, name: string): UnixMs {
  const text = textOf(fields, name);
  if (text === '') return NO_TIME;
  const time = parseTime(RFC3339_NANO, text);
  if ('error' in time) throw new Failure(`--template.data: ${name}: ${time.error}`);
  return unixMs(time.seconds * 1000 + Math.floor(time.nanos / 1e6));
}

/** amtool's: the same names and values, so that a template tried with either gives the same. */
export function exampleData(now: UnixMs): NotificationData {
  const ago = (minutes: number): UnixMs => addMs(now, durationMs(-minutes * 60_000));
  const commonLabels = { commonlabelkey1: 'commonlabelvalue1', commonlabelkey2: 'commonlabelvalue2' };
  const commonAnnotations = { commonannotationkey1: 'commonannotationvalue1', commonannotationkey2: 'commonannotationvalue2' };
  const alert = { generatorUrl: 'https://generatorurl.com', endsAt: now };
  return {
    receiver: 'receiver',
    status: 'alertstatus',
    alerts: [
      {
        ...alert,
        status: 'firing',
        labels: Labels.of({ label1: 'value1', label2: 'value2', instance: 'foo.bar:1234', ...commonLabels }),
        annotations: Labels.of({ annotation1: 'value1', annotation2: 'value2', ...commonAnnotations }),
        startsAt: ago(5),
        fingerprint: 'fingerprint1',
      },
      {
        ...alert,
        status: 'resolved',
        labels: Labels.of({ foo: 'bar', baz: 'qux', ...commonLabels }),
        annotations: Labels.of({ aaa: 'bbb', ccc: 'ddd', ...commonAnnotations }),
        startsAt: ago(10),
        fingerprint: 'fingerprint2',
      },
    ],
    notificationReason: '',
    groupLabels: Labels.of({ grouplabelkey1: 'grouplabelvalue1', grouplabelkey2: 'grouplabelvalue2' }),
    commonLabels: Labels.of(commonLabels),
    commonAnnotations: Labels.of(commonAnnotations),
    routeLabels: Labels.empty,
    routeLabelsAreRendered: false,
    externalUrl: 'https://example.com',
  };
}
