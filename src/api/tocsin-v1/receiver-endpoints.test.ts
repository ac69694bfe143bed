import { expect, test } from 'vitest';
import { TestServer } from '../../../test/support/test-server.ts';

const post = (server: TestServer, name: string, body?: string): Promise<Response> =>
  server.request(`/api/tocsin/v1/receivers/${name}/test`, {
    method: 'POST',
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  });

test.each([
  [undefined, { send: false, isResolved: false, labels: {}, annotations: {} }],
  ['{}', { send: false, isResolved: false, labels: {}, annotations: {} }],
  [
    '{"send":true,"resolved":true,"labels":{"a":"b"},"annotations":{"c":"d"}}',
    { send: true, isResolved: true, labels: { a: 'b' }, annotations: { c: 'd' } },
  ],
])('%s is asked for', async (body, asked) => {
  const server = new TestServer();
  const answer = await post(server, 'team', body);
  expect([answer.status, await answer.json()]).toEqual([200, { receiver: 'team', integrations: [] }]);
  expect(server.receivers.asked).toEqual(asked);
});

test.each([
  ['nobody', '{}', 404, 'there is no receiver "nobody"'],
  ['team', '{', 400, 'the body is no JSON'],
  ['team', '[]', 400, 'the body must be an object'],
  ['team', '{"sned":true}', 400, 'unknown field "sned"'],
  ['team', '{"send":"yes"}', 400, '/send must be true or false'],
  ['team', '{"labels":{"a":1}}', 400, '/labels must be an object of texts'],
  ['team', '{"labels":{"":"x"}}', 400, '/labels must be an object of texts'],
])('%s given %s is refused', async (name, body, status, detail) => {
  const answer = await post(new TestServer(), name, body);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ status, detail: expect.stringContaining(detail) });
});

test('nothing is sent by following a link', async () => {
  const answer = await new TestServer().get('/api/tocsin/v1/receivers/team/test');
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
});
