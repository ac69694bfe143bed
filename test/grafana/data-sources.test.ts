/**
 * What Grafana asks of its two data sources, "Prometheus" and "Alertmanager" (implementation Prometheus), as far as it
 * needs no metrics: with and without a route prefix. Followed: grafana/grafana pkg/promlib, pkg/services/ngalert/api and
 * public/app/features/alerting/unified/api.
 */
import { describe, expect, test } from 'vitest';
import type { Asker } from '../../src/api/prometheus-v1/backend.ts';
import { TestServer, testPrometheus } from '../support/test-server.ts';

const form = (text: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: text,
});
const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});
const silence = {
  matchers: [{ name: 'alertname', value: 'Down', isRegex: false, isEqual: true }],
  startsAt: '2023-11-14T22:00:00.000Z',
  endsAt: '2023-11-15T22:00:00.000Z',
  createdBy: 'Ana Ö. <ana@example.org>',
  comment: 'Zwei Zeilen\n🎉',
};

describe.each(['', '/prom'])('at http://h:9090%s', (prefix) => {
  const send = async (path: string, init: RequestInit = {}, server = new TestServer({ routePrefix: prefix })) => {
    const response = await server.request(`${prefix}${path}`, init);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    return { status: response.status, type, text, json: type.includes('json') && text !== '' ? (JSON.parse(text) as unknown) : null };
  };

  describe('Prometheus', () => {
    test.each([
      ['POST', '/api/v1/query', 'query=1%2B1&time=4'],
      ['GET', '/api/v1/query?query=1%2B1&time=4', undefined],
      ['POST', '/api/v1/query?query=1%2B1', 'time=4'],
    ])('the health check passes: %s %s', async (method, path, body) => {
      const answer = await send(path, body === undefined ? { method } : form(body));
      expect([answer.status, answer.json]).toEqual([200, { status: 'success', data: { resultType: 'scalar', result: [4, '1'] } }]);
    });

    test.each([
      '/api/v1/status/buildinfo',
      '/api/v1/status/flags',
      '/api/v1/status/runtimeinfo',
      '/api/v1/rules',
      '/api/v1/alerts',
      '/api/v1/metadata',
      '/api/v1/targets',
      '/api/v1/label/job/values',
    ])('a POST to %s is 405 in JSON, and the GET after it succeeds', async (path) => {
      const posted = await send(path, form(''));
      expect([posted.status, posted.type, (posted.json as { readonly status: string }).status]).toEqual([405, 'application/json', 'error']);
      expect((await send(`${path}?ruleMetadata=1&limit_alerts=16`)).status).toBe(200);
    });

    test('buildinfo claims the level of a Prometheus and no other product', async () => {
      const { data } = (await send('/api/v1/status/buildinfo')).json as { readonly data: Record<string, unknown> };
      expect(data['version']).toMatch(/^3\.\d+\.\d+$/);
      for (const key of ['revision', 'branch', 'buildUser', 'buildDate', 'goVersion']) expect(data[key]).toEqual(expect.any(String));
      expect(Object.keys(data)).not.toContain('features');
      expect(Object.keys(data)).not.toContain('application');
    });

    test('the probe for exemplars, in milliseconds by mistake, succeeds', async () => {
      const probe = 'query=test&start=1700000000000&end=1700000060000';
      expect((await send('/api/v1/query_exemplars', form(probe))).json).toEqual({ status: 'success', data: [] });
    });

    test.each([
      ['/api/v1/query_range?query=up&start=1700000000.123&end=1700000060&step=0.5', 200],
      ['/api/v1/query_range?query=up&start=2023-11-14T22:13:20Z&end=2023-11-14T22:14:20Z&step=15s', 200],
      ['/api/v1/query_range?query=up&start=0&end=11001&step=1', 400],
      ['/api/v1/query_range?query=up&start=0&end=1', 400],
      ['/api/v1/series', 400],
      ['/api/v1/series?match[]={__name__!=""}', 200],
      ['/api/v1/labels?match[]=up&start=1&end=2&limit=40000', 200],
      ['/api/v1/rules?group_limit=1&group_next_token=gone', 400],
      ['/api/v1/rules?file[]=a&file=b&rule_group[]=c&rule_name[]=d&exclude_alerts=true', 200],
      ['/rules', 303],
      ['/config/v1/rules', 404],
      ['/api/v1/rules/ns/group', 404],
    ])('GET %s is %i', async (path, status) => expect((await send(path)).status).toBe(status));

    test('a label outside the old names is unescaped', async () => {
      expect((await send('/api/v1/label/U__http_2e_status/values')).json).toEqual({ status: 'success', data: ['http.status'] });
    });

    test.each([
      ['bad_data', 400],
      ['execution', 422],
      ['timeout', 503],
      ['canceled', 499],
      ['not_found', 404],
      ['internal', 500],
      ['not_acceptable', 406],
    ] as const)('the error %s is %i, in JSON', async (type, status) => {
      const instantQuery = () => Promise.resolve({ kind: 'refused', error: { type, message: '1:5: parse error' } } as const);
      const server = new TestServer({ routePrefix: prefix, prometheus: { ...testPrometheus(), instantQuery } });
      const answer = await send('/api/v1/query?query=sum(', {}, server);
      expect([answer.status, answer.json]).toEqual([status, { status: 'error', errorType: type, error: '1:5: parse error' }]);
    });

    test('a query is given up when the client goes away', async () => {
      const client = new AbortController();
      const aborted = new Promise<string>((resolve) => {
        const instantQuery = (_request: unknown, { signal }: Asker) => {
          signal.addEventListener('abort', () => resolve('aborted'));
          client.abort();
          return Promise.resolve({ kind: 'refused', error: { type: 'canceled', message: '' } } as const);
        };
        const server = new TestServer({ routePrefix: prefix, prometheus: { ...testPrometheus(), instantQuery } });
        void send('/api/v1/query?query=1', { signal: client.signal }, server);
      });
      expect(await aborted).toBe('aborted');
    });
  });

  describe('Alertmanager', () => {
    test('it is not taken for Mimir or Cortex', async () => {
      for (const path of [
        '/alertmanager/api/v2/status',
        '/alertmanager/alertmanager/api/v2/status',
        '/alertmanager/',
        '/api/prom/status',
      ]) {
        const answer = await send(path);
        expect([path, answer.status, answer.type]).toEqual([path, 404, 'application/json']);
      }
      expect((await send('/api/v2/status')).status).toBe(200);
    });

    test('headers that Grafana adds are ignored', async () => {
      const headers = {
        'x-grafana-org-id': '1',
        'x-dashboard-uid': 'x',
        'x-panel-id': '2',
        fromalert: 'true',
        traceparent: '00-0-0-00',
        authorization: 'Bearer x',
      };
      expect((await send('/api/v2/alerts?accesscontrol=true', { headers })).json).toEqual([]);
    });

    test("Grafana's own alerts are taken, with its zero times", async () => {
      const server = new TestServer({ routePrefix: prefix });
      const alert = {
        labels: { alertname: 'Down', grafana_folder: 'a b' },
        annotations: { __dashboardUid__: 'x' },
        startsAt: '2023-11-14T22:13:00.000Z',
        endsAt: '0001-01-01T00:00:00.000Z',
        generatorURL: 'http://grafana:3000/alerting/grafana/x/view?orgId=1',
      };
      expect(await send('/api/v2/alerts', json([alert, { ...alert, labels: {} }]), server)).toMatchObject({
        status: 400,
        json: 'at least one label pair required',
      });
      expect((await send('/api/v2/alerts?filter=grafana_folder="a b"', {}, server)).json).toMatchObject([
        { labels: alert.labels, annotations: alert.annotations, receivers: [{ name: 'team' }], endsAt: '2023-11-14T22:18:20.000Z' },
      ]);
      expect((await send('/api/v2/alerts/groups?receiver=te.m', {}, server)).json).toMatchObject([
        { labels: {}, routeLabels: {}, receiver: { name: 'team' }, alerts: [{ labels: alert.labels }] },
      ]);
    });

    test('a silence is made, listed, edited and ended', async () => {
      const server = new TestServer({ routePrefix: prefix });
      const make = async (body: unknown): Promise<string> =>
        ((await send('/api/v2/silences', json(body), server)).json as { readonly silenceID: string }).silenceID;
      const id = await make({ ...silence, id: '' });
      expect((await send('/api/v2/silences?ruleMetadata=true&accesscontrol=true', {}, server)).json).toMatchObject([
        {
          id,
          createdBy: silence.createdBy,
          comment: silence.comment,
          status: { state: 'active' },
          matchers: silence.matchers,
        },
      ]);
      const edited = await make({ ...silence, id, matchers: [{ name: 'job', value: 'x', isRegex: false }] });
      expect(edited).not.toBe(id);
      const ended = await send(`/api/v2/silence/${edited}`, { method: 'DELETE' }, server);
      expect([ended.status, ended.text]).toEqual([200, '']);
      expect((await send('/api/v2/silence/00000000-0000-4000-8000-000000000000', {}, server)).status).toBe(404);
      expect((await send('/api/v2/silence/nonsense', {}, server)).status).toBe(422);
    });

    test('errors are JSON, which Grafana shows', async () => {
      const answer = await send('/api/v2/alerts?filter=x');
      expect([answer.status, answer.type, answer.json]).toEqual([400, 'application/json', 'bad matcher format: x']);
    });
  });
});
