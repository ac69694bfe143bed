/** The document that describes our own API: complete, and true of what is answered. */
import { z } from '@hono/zod-openapi';
import { describe, expect, test } from 'vitest';
import { TestServer } from '../../../test/support/test-server.ts';

type Described = {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema: { readonly description?: string };
  }[];
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
};
type Document = {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
};

const documentOf = async (server: TestServer, prefix = ''): Promise<Document> =>
  (await server.get(`${prefix}/api/tocsin/v1/openapi.json`)).json() as Promise<Document>;
const document = await documentOf(new TestServer());
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => ({ name: `${method.toUpperCase()} ${path}`, described })),
);

test('it has every endpoint', () => {
  expect(operations.map(({ name }) => name).sort()).toEqual([
    'DELETE /silences/{id}',
    'GET /events',
    'GET /events/stream',
    'GET /explain',
    'GET /notifications',
    'GET /notifications/{id}',
    'GET /receivers',
    'GET /silences',
    'GET /silences/{id}',
    'POST /receivers/{name}/test',
    'POST /routes/test',
    'POST /silences',
    'POST /silences/preview',
    'PUT /silences/{id}',
  ]);
});

test.each(operations)('$name is described: what for, each parameter, each answer', ({ described }) => {
  expect([described.summary, described.description]).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\S/)]);
  for (const parameter of described.parameters ?? [])
    expect([parameter.name, parameter.schema.description ?? parameter.description]).toEqual([parameter.name, expect.stringMatching(/\S/)]);
  for (const [status, { description, content }] of Object.entries(described.responses)) {
    expect([status, description]).toEqual([status, expect.stringMatching(/\S/)]);
    if (Number(status) >= 400) expect(Object.keys(content ?? {})).toEqual(['application/problem+json']);
  }
});

test.each(['', '/x'])('below the prefix "%s" it says where the API is', async (prefix) => {
  const { openapi, servers } = await documentOf(new TestServer({ routePrefix: prefix }), prefix);
  expect([openapi, servers]).toEqual(['3.1.0', [{ url: `${prefix}/api/tocsin/v1` }]]);
});

describe('what is answered is what it says', () => {
  const validator = (schema: object) => {
    const text = JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll('#/components/schemas/', '#/$defs/');
    return z.fromJSONSchema(JSON.parse(text));
  };

  test.each([
    ['GET', '/notifications', '/notifications', undefined],
    ['GET', '/events', '/events', undefined],
    ['GET', '/events?limit=0', '/events', undefined],
    ['GET', '/notifications/x', '/notifications/{id}', undefined],
    ['GET', '/explain?query=Down', '/explain', undefined],
    ['GET', '/silences', '/silences', undefined],
    ['POST', '/silences', '/silences', { matchers: [{ name: 'a', op: '=', value: 'b' }], duration: '1h', comment: 'c' }],
    ['POST', '/silences', '/silences', {}],
    ['POST', '/silences/preview', '/silences/preview', { matchers: [{ name: 'a', op: '=', value: 'b' }] }],
    ['POST', '/routes/test', '/routes/test', { labels: { a: 'b' } }],
    ['GET', '/receivers', '/receivers', undefined],
    ['POST', '/receivers/team/test', '/receivers/{name}/test', {}],
  ])('%s %s', async (method, path, described, body) => {
    const init = body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const response = await new TestServer().request(`/api/tocsin/v1${path}`, init);
    const type = response.headers.get('content-type') ?? '';
    const schema = document.paths[described]?.[method.toLowerCase()]?.responses[String(response.status)]?.content?.[type]?.schema;
    expect(schema).toBeDefined();
    const { error } = validator(schema ?? {}).safeParse(await response.json());
    expect(error?.issues ?? []).toEqual([]);
  });
});

test.each([
  ['POST', '/events', 405, 'GET', 'method POST is not allowed here: use GET'],
  ['PATCH', '/silences/x', 405, 'GET, PUT, DELETE', 'method PATCH is not allowed here: use GET or PUT or DELETE'],
  ['GET', '/routes/test', 405, 'POST', 'method GET is not allowed here: use POST'],
  ['GET', '/none', 404, null, 'there is no /api/tocsin/v1/none in this API: /api/tocsin/v1/openapi.json lists what there is'],
])('%s %s is a problem with status %i', async (method, path, status, allow, detail) => {
  const response = await new TestServer().request(`/api/tocsin/v1${path}`, { method });
  expect([response.headers.get('allow'), await response.json()]).toMatchObject([allow, { type: 'about:blank', status, detail }]);
});
