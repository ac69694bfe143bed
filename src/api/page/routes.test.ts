import { describe, expect, test, vi } from 'vitest';
import { NOON } from '../../../test/support/test-alertmanager.ts';
import { TestServer } from '../../../test/support/test-server.ts';
import { silentLog } from '../../model/log.ts';
import { formValues } from './silence-form.ts';

const GOOD = { matchers: 'alertname="Down", instance=~"db.*"', duration: '2h', createdBy: 'ana', comment: 'planned' };
const silencesOf = ({ alertmanager }: TestServer) => alertmanager.router().silences({ filter: [], states: ['active', 'pending'] }, NOON);

describe('the form for a silence', () => {
  test('makes the silence and goes back to the page, which says so', async () => {
    const server = new TestServer();
    const posted = await server.form('/silences', GOOD);
    expect([posted.status, posted.headers.get('location')]).toEqual([303, '/?notice=silenced#silences']);
    expect(silencesOf(server)).toMatchObject([
      {
        matcherSets: [
          [
            { name: 'alertname', op: '=', value: 'Down' },
            { name: 'instance', op: '=~', value: 'db.*' },
          ],
        ],
        startsAt: NOON,
        endsAt: NOON + 7_200_000,
        createdBy: 'ana',
        comment: 'planned',
      },
    ]);
    expect(await (await server.get('/?notice=silenced')).text()).toContain('The silence is in force.');
  });

  test.each([
    { changes: { matchers: 'alertname' }, says: ['The matchers cannot be read (', 'write them as alertname=&quot;Down&quot;'] },
    { changes: { matchers: ' ' }, says: ['The matchers are missing'] },
    { changes: { matchers: 'a=~"("' }, says: ['The matchers cannot be read (', 'missing closing )'] },
    { changes: { matchers: 'a=""' }, says: ['at least one matcher must not match the empty string'] },
    { changes: { duration: '2 hours' }, says: ['&quot;2 hours&quot; is not a length of time', 'such as 2h or 1d12h'] },
    { changes: { duration: '0' }, says: ['The length must be above 0'] },
    { changes: { duration: '99y' }, says: ['at most 10y'] },
    { changes: { createdBy: '  ' }, says: ['Your name is missing'] },
    { changes: { comment: '' }, says: ['The reason is missing'] },
    {
      changes: { matchers: '', duration: '', createdBy: '', comment: '' },
      says: ['matchers are missing', 'not a length', 'name is missing', 'reason is missing'],
    },
  ])('with $changes says what is wrong and keeps what was typed', async ({ changes, says }) => {
    const server = new TestServer();
    const typed = { ...GOOD, comment: 'kept <b>', ...changes };
    const response = await server.form('/silences', typed);
    const html = await response.text();
    expect(response.status).toBe(422);
    for (const part of says) expect(html).toContain(part);
    for (const value of Object.values(typed))
      expect(html).toContain(
        `value="${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`,
      );
    expect(silencesOf(server)).toEqual([]);
  });

  test('is filled from a link', async () => {
    const html = await (await new TestServer().get(`/silences/new?matchers=${encodeURIComponent('a="b"')}&evil=<script>`)).text();
    expect(html).toContain('value="a=&quot;b&quot;"');
    expect(html).not.toContain('script');
  });

  test('keeps what was typed when the disk refuses, and the log says why', async () => {
    const error = vi.fn();
    const server = new TestServer({ log: { ...silentLog, error } });
    server.alertmanager.putSilence = () => Promise.reject(new Error('disk full'));
    const response = await server.form('/silences', GOOD);
    expect([response.status, (await response.text()).includes('nothing is silenced')]).toEqual([500, true]);
    expect(error.mock.calls[0]?.[1].error).toContain('disk full');
  });

  test('of a field given twice the last counts, and nothing else is taken', () => {
    expect(formValues(new URLSearchParams('comment=a&comment=b&__proto__=x&id=1'))).toEqual({ comment: 'b' });
  });
});

describe('ending a silence', () => {
  test('goes back to the page', async () => {
    const server = new TestServer();
    await server.form('/silences', GOOD);
    const [silence] = silencesOf(server);
    const ended = await server.form(`/silences/${silence?.id}/expire`, {});
    expect([ended.status, ended.headers.get('location')]).toEqual([303, '/?notice=expired#silences']);
    expect(silencesOf(server)).toEqual([]);
    expect(server.alertmanager.expiredBy).toEqual(['192.0.2.7']);
  });

  test('that is not there says so', async () => {
    const response = await new TestServer().form('/silences/x/expire', {});
    expect(response.headers.get('location')).toBe('/?notice=no_such_silence#silences');
  });

  test('is not done by a link', async () => {
    const server = new TestServer();
    await server.form('/silences', GOOD);
    expect((await server.get(`/silences/${silencesOf(server)[0]?.id}/expire`)).status).toBe(404);
    expect(silencesOf(server).length).toBe(1);
  });
});

test('the page says only sentences of its own', async () => {
  expect(await (await new TestServer().get('/?notice=Call+this+number')).text()).not.toContain('number');
});

describe('a message of the inbox', () => {
  test('is shown as sent, and can do nothing', async () => {
    const server = new TestServer();
    server.history.inbox.set('a/b', { subject: 's', text: 't', html: '<p>as sent</p><script>alert(1)</script>' });
    const response = await server.get('/inbox/a%2Fb');
    expect([response.status, await response.text()]).toEqual([200, '<p>as sent</p><script>alert(1)</script>']);
    const policy = response.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "style-src 'unsafe-inline'", 'img-src data:', 'sandbox'])
      expect(policy.split('; ')).toContain(part);
  });

  test('that is not there is JSON', async () => {
    const response = await new TestServer().get('/inbox/x');
    expect([response.status, await response.json()]).toEqual([404, { error: 'there is no such message in the inbox' }]);
  });
});

test.each([
  ['/alerts', '/x/#alerts'],
  ['/graph?g0.expr=up%20%3D%3D%200&g0.tab=1', '/x/?g0.expr=up%20%3D%3D%200&g0.tab=1#alerts'],
  ['/query?g0.expr=up', '/x/?g0.expr=up#alerts'],
  ['/targets', '/x/#targets'],
  ['/rules', '/x/#alerts'],
  ['/silences', '/x/#silences'],
  ['/silences/7a3c1b9e-0000-4000-8000-000000000000', '/x/#silences'],
])('the old link %s leads to %s', async (path, location) => {
  const response = await new TestServer({ routePrefix: '/x' }).get(`/x${path}`);
  expect([response.status, response.headers.get('location')]).toEqual([303, location]);
});

test('behind a proxy that takes the prefix off, links carry it still', async () => {
  const server = new TestServer({ routePrefix: '', linkPrefix: '/tocsin' });
  expect((await server.get('/alerts')).headers.get('location')).toBe('/tocsin/#alerts');
  expect((await server.form('/silences', GOOD)).headers.get('location')).toBe('/tocsin/?notice=silenced#silences');
  expect(await (await server.get('/silences/new')).text()).toContain('action="/tocsin/silences"');
});

test.each(['/', '/silences/new'])('%s runs no script and sends forms nowhere else', async (path) => {
  const policy = (await new TestServer().get(path)).headers.get('content-security-policy');
  expect(policy).toBe("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
});
