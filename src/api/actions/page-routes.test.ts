import { describe, expect, test } from 'vitest';
import { TOKEN } from '../../../test/support/test-actions.ts';
import { CALLER, NOON } from '../../../test/support/test-alertmanager.ts';
import { TestServer } from '../../../test/support/test-server.ts';

const post = (
  server: TestServer,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> => server.request(`/act/${TOKEN}`, { method: 'POST', body: new URLSearchParams(fields), headers });

describe('the page of a notification', () => {
  test('shows the alerts and three buttons, and opening it changes nothing', async () => {
    const server = new TestServer();
    for (const method of ['GET', 'HEAD', 'GET']) await server.request(`/act/${TOKEN}`, { method });
    const response = await server.get(`/act/${TOKEN}`);
    const page = await response.text();
    expect(page).toContain('it is down');
    for (const action of ['acknowledge', 'escalate', 'silence']) expect(page).toContain(`<button name="action" value="${action}">`);
    expect(page).toContain('<form method="post" class');
    expect(server.actionPage.acts).toEqual([]);
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    expect([response.headers.get('cache-control'), response.headers.get('x-robots-tag')]).toEqual(['no-store', 'noindex']);
    expect(page).not.toContain('<script');
  });

  test('escapes whatever labels and annotations hold', async () => {
    const server = new TestServer();
    server.actionPage.summary = '"><script>alert(1)</script>';
    const page = await (await server.get(`/act/${TOKEN}`)).text();
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
  });

  test('says who looks after it, and offers nothing once it is over', async () => {
    const server = new TestServer();
    server.actionPage.acknowledged = { by: 'Ana', at: NOON };
    expect(await (await server.get(`/act/${TOKEN}`)).text()).toMatch(/Acknowledged by <b>Ana<\/b> at 2023-\d\d-\d\d .* ago/);
    server.actionPage.isFiring = false;
    const over = await (await server.get(`/act/${TOKEN}`)).text();
    expect([over.includes('Nothing of this fires any more'), over.includes('<button')]).toEqual([true, false]);
  });

  test.each(['u'.repeat(43), 'short'])('of token %s is nowhere to be found', async (token) => {
    const response = await new TestServer().get(`/act/${token}`);
    expect(response.status).toBe(404);
    if (token.length > 40) expect(await response.text()).toContain('This link leads nowhere');
  });
});

describe('a form of the page', () => {
  test.each([
    { fields: { action: 'acknowledge', name: ' Ana ' }, act: [{ kind: 'acknowledge' }, 'Ana'], notice: 'Acknowledged.' },
    { fields: { action: 'escalate' }, act: [{ kind: 'escalate' }, CALLER.remoteAddress], notice: 'Escalated.' },
    {
      fields: { action: 'silence', name: 'x'.repeat(200) },
      act: [{ kind: 'silence', durationMs: 3_600_000 }, 'x'.repeat(80)],
      notice: 'Silenced for one hour.',
    },
  ])('$fields.action acts in the name that was given', async ({ fields, act, notice }) => {
    const server = new TestServer();
    const response = await post(server, fields as unknown as Record<string, string>);
    expect([response.status, server.actionPage.acts]).toEqual([200, [act]]);
    expect(await response.text()).toContain(notice);
  });

  test.each([
    { result: { kind: 'already', by: 'Ben', at: NOON }, notice: /Acknowledged already, by Ben at 2023-\d\d-\d\d \d\d:\d\d UTC\./ },
    { result: { kind: 'over' }, notice: /nothing of it fires any more/ },
    { result: { kind: 'unknown' }, notice: /too old/ },
    { result: new Error('disk full'), notice: /Nothing was done, because of an error/ },
  ] as const)('$# says what became of it', async ({ result, notice }) => {
    const server = new TestServer();
    server.actionPage.result = result as typeof server.actionPage.result;
    expect(await (await post(server, { action: 'acknowledge' })).text()).toMatch(notice);
  });

  test.each([{}, { action: 'delete' }, { action: '__proto__' }])('%j does nothing', async (fields) => {
    const server = new TestServer();
    const response = await post(server, fields as Record<string, string>);
    expect([response.status, server.actionPage.acts]).toEqual([422, []]);
  });

  test('can be sent from a mail reader of another site: the token is the permission', async () => {
    const server = new TestServer();
    const response = await post(server, { action: 'acknowledge' }, { 'sec-fetch-site': 'cross-site', origin: 'null' });
    expect([response.status, server.actionPage.acts.length]).toEqual([200, 1]);
  });
});
