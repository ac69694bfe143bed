import { describe, expect, test } from 'vitest';
import { NOON } from '../../../test/support/test-alertmanager.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import type { Incoming } from '../../alerts/ingest.ts';
import { addMs, durationMs } from '../../model/time.ts';

const at = (seconds: number): string => new Date(NOON + seconds * 1000).toISOString();
const matcher = (value: string, op = '=') => ({ name: 'alertname', op, value });
const posted = { matchers: [matcher('Down')], duration: '2h', comment: 'disk swap' };

type Silence = { readonly id: string; readonly state: string; readonly startsAt: string; readonly endsAt: string };

function setUp() {
  const server = new TestServer();
  const send = async (method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const response = await server.request(`/api/tocsin/v1${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? null : (JSON.parse(text) as unknown) };
  };
  const make = async (changes: object = {}): Promise<Silence> =>
    (await send('POST', '/silences', { ...posted, ...changes })).json as Silence;
  return { server, send, make };
}

const fire = ({ alertmanager }: TestServer, ...names: readonly string[]): void => {
  const alert = (alertname: string): Incoming => ({
    labels: { alertname },
    annotations: {},
    startsAt: NOON,
    endsAt: null,
    generatorUrl: '',
  });
  alertmanager.router().receive(names.map(alert), NOON);
};

describe('a silence', () => {
  test('is made with all that was left out, read, and listed as Alertmanager has it', async () => {
    const { server, send, make } = setUp();
    const silence = await make();
    expect(silence).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      state: 'active',
      matcherSets: [[matcher('Down')]],
      startsAt: at(0),
      endsAt: at(7200),
      updatedAt: at(0),
      createdBy: '192.0.2.7',
      comment: 'disk swap',
      annotations: {},
    });
    expect(await send('GET', `/silences/${silence.id}`)).toEqual({ status: 200, json: silence });
    const listed = (await (await server.get('/api/v2/silences')).json()) as readonly Silence[];
    expect(listed.map(({ id }) => id)).toEqual([silence.id]);
  });

  test('may begin later, and last from then on', async () => {
    const { make } = setUp();
    expect(await make({ startsAt: at(60), duration: '1m' })).toMatchObject({ state: 'pending', startsAt: at(60), endsAt: at(120) });
    expect(await make({ duration: undefined, endsAt: at(60) })).toMatchObject({ state: 'active', endsAt: at(60) });
  });

  test('changes in place where it can, and otherwise ends and is made anew', async () => {
    const { server, send, make } = setUp();
    const { id } = await make();
    server.alertmanager.at = addMs(NOON, durationMs(5000));
    const longer = await send('PUT', `/silences/${id}`, { ...posted, duration: '3h', comment: 'takes longer' });
    expect(longer).toMatchObject({ status: 200, json: { id, startsAt: at(0), endsAt: at(3 * 3600), comment: 'takes longer' } });
    const other = await send('PUT', `/silences/${id}`, { ...posted, matchers: [matcher('Up')] });
    expect(other.json).toMatchObject({ id: expect.not.stringMatching(id), state: 'active', startsAt: at(5) });
    expect((await send('GET', `/silences/${id}`)).json).toMatchObject({ state: 'expired' });
  });

  test('ends when it is deleted, and again without an error', async () => {
    const { server, send, make } = setUp();
    const { id } = await make();
    for (let i = 0; i < 2; i++) expect(await send('DELETE', `/silences/${id}`)).toEqual({ status: 204, json: null });
    expect((await send('GET', `/silences/${id}`)).json).toMatchObject({ state: 'expired' });
    expect(server.alertmanager.expiredBy).toEqual(['192.0.2.7', '192.0.2.7']);
  });

  test.each(['GET', 'PUT', 'DELETE'])('%s of one that there is not is a problem', async (method) => {
    const answer = await setUp().send(method, '/silences/x', method === 'PUT' ? posted : undefined);
    expect(answer).toMatchObject({
      status: 404,
      json: { detail: 'there is no silence x; it may have been forgotten some time after its end' },
    });
  });

  test.each([
    [{ matchers: [] }, '/matchers must have at least one matcher'],
    [{ matchers: undefined }, '/matchers is missing'],
    [
      { matchers: [{ name: '', op: '==', value: 1 }] },
      '/matchers/0/name must not be empty; /matchers/0/op must be one of =, !=, =~, !~; /matchers/0/value must be a text',
    ],
    [{ matchers: [{ ...matcher('x'), isRegex: true }] }, 'unknown field "isRegex" in /matchers/0'],
    [{ matchers: [matcher('(', '=~')] }, /^invalid silence: invalid label matcher 0 in set 0: .*error parsing regexp/],
    [{ matchers: [matcher('.*', '=~')] }, /at least one matcher must not match the empty string/],
    [{ comment: '  ' }, '/comment must say why'],
    [{ coment: 'x' }, 'unknown field "coment"'],
    [{ duration: '2 hours' }, '/duration must be a length such as 2h or 1d12h, not "2 hours"'],
    [{ duration: undefined }, 'give either endsAt or duration'],
    [{ endsAt: at(60) }, 'give either endsAt or duration'],
    [{ duration: undefined, endsAt: at(-1) }, `the silence would end at ${at(-1)}, which has passed`],
    [{ startsAt: at(60), duration: undefined, endsAt: at(60) }, 'startsAt must be before the end'],
    [{ startsAt: 'soon' }, /^\/startsAt must be a time such as/],
    [{ annotations: { a: 1 } }, '/annotations/a must be a text'],
  ])('with %j is refused', async (changes, detail) => {
    const answer = await setUp().send('POST', '/silences', { ...posted, ...changes });
    expect(answer).toMatchObject({ status: 400, json: { detail: typeof detail === 'string' ? detail : expect.stringMatching(detail) } });
  });

  test.each([
    { given: 'no JSON', body: '{', headers: {}, status: 400, detail: 'the body is no JSON' },
    { given: 'a list', body: '[]', headers: {}, status: 400, detail: 'the body must be an object' },
    {
      given: 'a form',
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      status: 415,
      detail: 'send the body with Content-Type: application/json',
    },
    { given: 'too much', body: `"${'x'.repeat(1024 * 1024)}"`, headers: {}, status: 413, detail: 'the body is larger than 1048576 bytes' },
  ])('a body that is $given is refused', async ({ body, headers, status, detail }) => {
    expect(await setUp().send('POST', '/silences', body, headers)).toMatchObject({ status, json: { status, detail } });
  });
});

describe('Idempotency-Key', () => {
  const key = { 'idempotency-key': 'deploy-1' };

  test('a request that is sent again gets the silence that the first made, also after it has ended', async () => {
    const { server, send } = setUp();
    const first = await send('POST', '/silences', posted, key);
    server.alertmanager.at = addMs(NOON, durationMs(1000));
    const again = await send('POST', '/silences', posted, key);
    expect([first.status, again]).toEqual([201, { status: 200, json: first.json }]);
    await send('DELETE', `/silences/${(first.json as Silence).id}`);
    expect(await send('POST', '/silences', posted, key)).toMatchObject({ status: 200, json: { state: 'expired' } });
  });

  test('at once on two connections makes one silence', async () => {
    const { server, send } = setUp();
    const answers = await Promise.all([send('POST', '/silences', posted, key), send('POST', '/silences', posted, key)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect(server.alertmanager.router().silences({ filter: [], states: ['active'] }, NOON)).toHaveLength(1);
  });

  test('does not make another silence than before', async () => {
    const { send } = setUp();
    await send('POST', '/silences', posted, key);
    const other = await send('POST', '/silences', { ...posted, matchers: [matcher('Up')] }, key);
    expect(other).toMatchObject({ status: 422, json: { detail: expect.stringContaining('use another key for another silence') } });
    expect(await send('POST', '/silences', posted, { 'idempotency-key': 'deploy-2' })).toMatchObject({ status: 201 });
  });
});

describe('the list', () => {
  test('comes in pages, the last change first', async () => {
    const { server, send, make } = setUp();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      // Two at one instant.
      server.alertmanager.at = addMs(NOON, durationMs(Math.floor(i / 2)));
      ids.push((await make({ matchers: [matcher(`a${i}`)] })).id);
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const { silences, next } = (await send('GET', `/silences?limit=2&cursor=${cursor}`)).json as {
        readonly silences: readonly Silence[];
        readonly next: string | null;
      };
      seen.push(...silences.map(({ id }) => id));
      cursor = next ?? '';
    } while (cursor !== '');
    expect(seen[0]).toBe(ids[4]);
    expect([...seen].sort()).toEqual([...ids].sort());
    expect(seen).toHaveLength(5);
  });

  test.each([
    ['state=pending', ['later']],
    ['createdBy=ana', ['hers']],
    [`labels=${encodeURIComponent('{"alertname":"hers"}')}`, ['hers', 'all']],
    ['', ['later', 'hers', 'all']],
  ])('?%s', async (query, comments) => {
    const { send, make } = setUp();
    await make({ comment: 'later', startsAt: at(60), matchers: [matcher('x')] });
    await make({ comment: 'hers', createdBy: 'ana', matchers: [matcher('hers')] });
    await make({ comment: 'all', matchers: [matcher('h.*', '=~')] });
    const { silences } = (await send('GET', `/silences?${query}`)).json as { readonly silences: readonly { readonly comment: string }[] };
    expect(silences.map(({ comment }) => comment).sort()).toEqual([...comments].sort());
  });
});

describe('a preview', () => {
  const preview = async (server: TestServer, ...matchers: readonly object[]) => {
    const body = JSON.stringify({ matchers });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
    return (await server.request('/api/tocsin/v1/silences/preview', init)).json() as Promise<unknown>;
  };

  test('says what would be held back, given up and quiet, and makes nothing', async () => {
    const { server } = setUp();
    fire(server, 'Down', 'Full');
    const router = server.alertmanager.router();
    server.alertmanager.at = addMs(NOON, durationMs(30_000));
    router.tick(server.alertmanager.at);
    const [row] = router.takeChanges().outboxInserted;
    expect(await preview(server, matcher('Down'))).toMatchObject({
      alertCount: 1,
      alertsInAll: 2,
      quietGroupCount: 0,
      cancelledCount: 0,
      warnings: [],
    });
    expect(await preview(server, matcher('Down|Full', '=~'))).toMatchObject({
      alertCount: 2,
      alerts: [{ labels: { alertname: expect.any(String) }, state: 'active', receivers: ['team'] }, {}],
      quietGroups: [{ groupKey: '{}:{}', receiver: 'team', labels: {}, alertCount: 2 }],
      cancelled: [{ id: row?.id, receiver: 'team', integration: 'webhook', groupKey: '{}:{}' }],
      warnings: ['it matches every one of the 2 alerts that there are now: nobody would hear of anything'],
    });
    expect(router.silences({ filter: [], states: ['active', 'pending'] }, NOON)).toEqual([]);
  });

  test('is what then comes true: the notification is given up exactly when it said so', async () => {
    for (const names of [['Down'], ['Down', 'Full']]) {
      const { server, make } = setUp();
      fire(server, 'Down', 'Full');
      const router = server.alertmanager.router();
      server.alertmanager.at = addMs(NOON, durationMs(30_000));
      router.tick(server.alertmanager.at);
      const id = router.takeChanges().outboxInserted[0]?.id ?? ('' as never);
      const said = (await preview(server, matcher(names.join('|'), '=~'))) as { readonly cancelledCount: number };
      await make({ matchers: [matcher(names.join('|'), '=~')] });
      expect(router.claim(id, server.alertmanager.at).kind).toBe(said.cancelledCount === 1 ? 'cancelled' : 'send');
    }
  });

  test('warns of what matches nothing, and says why matchers can be none', async () => {
    const { server } = setUp();
    fire(server, 'Down');
    expect(await preview(server, matcher('Dwon'))).toMatchObject({
      alertCount: 0,
      warnings: [expect.stringContaining('it matches no alert')],
    });
    expect(await preview(server, matcher('(', '=~'))).toMatchObject({
      status: 400,
      detail: expect.stringMatching(/^matchers: invalid label matcher 0 .*error parsing regexp/),
    });
  });
});
