/** Tables and JSON. What the real amtool prints of the same is in test/e2e/amtool.test.ts; here stand the rarer shapes. */
import { describe, expect, test } from 'vitest';
import { printAlerts } from './alert-output.ts';
import { alertPayloads, PayloadError, silencePayloads, statusPayload } from './payload.ts';
import { printSilences } from './silence-output.ts';
import { printCluster, printConfig } from './status-output.ts';

const DATES = '2006-01-02';
const later = {
  labels: { alertname: 'B', z: '<1>', a: '"2"' },
  annotations: { summary: 'über', empty: '' },
  startsAt: '2026-02-01T00:00:00.000Z',
  endsAt: '2026-02-02T00:00:00.000Z',
  updatedAt: '2026-02-01T00:00:00.000Z',
  fingerprint: 'f2',
  generatorURL: 'http://x',
  receivers: [{ name: 'r' }],
  status: { state: 'suppressed', silencedBy: ['s'], inhibitedBy: [] },
};
const earlier = {
  labels: {},
  annotations: {},
  startsAt: '2026-01-01T00:00:00.000+02:00',
  endsAt: '2026-01-02T00:00:00.000Z',
  fingerprint: 'f1',
  receivers: [],
  status: { state: 'active' },
};

describe('alerts', () => {
  const alerts = alertPayloads([later, earlier]);

  test('in a table are sorted by their start, an absent name or summary is empty', () => {
    expect(printAlerts(alerts, { output: 'simple', dateFormat: DATES })).toBe(
      [
        'Alertname  Starts At   Summary  State       ',
        '           2026-01-01           active      ',
        'B          2026-02-01  über     suppressed  ',
        '',
      ].join('\n'),
    );
  });

  test('in the long table have all labels, values as they are', () => {
    expect(printAlerts(alerts, { output: 'extended', dateFormat: DATES }).split('\n')[2]).toBe(
      'a=""2"" alertname="B" z="<1>"  empty="" summary="über"  2026-02-01  2026-02-02  http://x       suppressed  ',
    );
  });

  test('as JSON keep the order, the zone and what older servers leave out', () => {
    const [first, second] = JSON.parse(printAlerts(alerts, { output: 'json', dateFormat: DATES })) as readonly Record<string, unknown>[];
    expect(first).toMatchObject({ fingerprint: 'f2', annotations: { empty: '' }, status: { mutedBy: [] } });
    expect(second).toMatchObject({ startsAt: '2026-01-01T00:00:00.000+02:00', updatedAt: '0001-01-01T00:00:00.000Z' });
    expect(second).not.toHaveProperty('generatorURL');
    expect(printAlerts(alerts, { output: 'json', dateFormat: DATES })).toContain(
      '"labels":{"a":"\\"2\\"","alertname":"B","z":"\\u003c1\\u003e"}',
    );
  });

  test('none are a headline, or an empty list', () => {
    expect(printAlerts([], { output: 'simple', dateFormat: DATES })).toBe('Alertname  Starts At  Summary  State  \n');
    expect(printAlerts([], { output: 'json', dateFormat: DATES })).toBe('[]\n');
  });
});

describe('silences', () => {
  const silence = (id: string, endsAt: string, matchers: readonly unknown[]): unknown => ({
    id,
    endsAt,
    startsAt: endsAt,
    updatedAt: endsAt,
    status: { state: 'active' },
    createdBy: 'ana',
    comment: 'c',
    matchers,
  });
  const silences = silencePayloads([
    silence('2', '2026-01-02T00:00:00Z', [
      { name: 'a', value: 'b', isRegex: false },
      { name: 'c d', value: 'e.*', isRegex: true, isEqual: false },
    ]),
    silence('1', '2026-01-01T00:00:00Z', []),
  ]);

  test('are sorted by their end; a matcher without isEqual is one for equality', () => {
    expect(printSilences(silences, { output: 'simple', dateFormat: DATES })).toBe(
      [
        'ID  Matchers            Ends At     Created By  Comment  ',
        '1                       2026-01-01  ana         c        ',
        '2   a="b" "c d"!~"e.*"  2026-01-02  ana         c        ',
        '',
      ].join('\n'),
    );
    expect(printSilences(silences, { output: 'extended', dateFormat: DATES })).toContain('{a="b","c d"!~"e.*"}');
  });
});

describe('status', () => {
  const status = statusPayload({
    cluster: {
      name: 'n',
      status: 'ready',
      peers: [
        { name: 'c', address: '10.0.0.10:1' },
        { name: 'b', address: '10.0.0.9:2' },
        { name: 'a', address: '10.0.0.9:1' },
      ],
    },
    config: { original: 'route: {}\n' },
    uptime: '2026-01-01T00:00:00.000Z',
    versionInfo: { version: '0.33.1', tocsinVersion: '1' },
  });

  test('lists peers by address', () => {
    expect(printCluster(status.cluster, 'extended')).toBe(
      [
        'Cluster Status:  ready',
        'Node Name:       n',
        '',
        'Address      Name',
        '10.0.0.9:1   a  ',
        '10.0.0.9:2   b  ',
        '10.0.0.10:1  c  ',
        '',
      ].join('\n'),
    );
    expect(printCluster(status.cluster, 'json')).toMatch(/^\{"name":"n","peers":\[\{"address":"10.0.0.10:1","name":"c"\}/);
  });

  test('shows the configuration as it is, with version and start where more is asked for', () => {
    expect(printConfig(status, 'simple')).toBe('route: {}\n\n');
    expect(printConfig(status, 'extended')).toContain('\nversion 0.33.1\n');
    expect(printConfig(status, 'extended')).toContain('\nuptime 2026-01-01T00:00:00.000Z\n');
    expect(JSON.parse(printConfig(status, 'json'))).not.toHaveProperty('versionInfo.tocsinVersion');
  });
});

test.each<[what: string, json: unknown]>([
  ['no list', {}],
  ['a list of texts', ['x']],
  ['labels that are numbers', [{ labels: { a: 1 } }]],
  ['a time that is none', [{ startsAt: 'soon' }]],
])('an answer that is %s is refused', (_, json) => {
  expect(() => alertPayloads(json)).toThrow(PayloadError);
});
