import { expect, test } from 'vitest';
import { TestServer } from '../../test/support/test-server.ts';

const text = async (response: Response): Promise<[number, string]> => [response.status, await response.text()];

test.each([
  ['GET', '/-/healthy', 200, 'Tocsin is healthy.\n'],
  ['GET', '/-/ready', 200, 'Tocsin is ready.\n'],
  ['POST', '/-/reload', 200, ''],
  ['PUT', '/-/reload', 200, ''],
  ['GET', '/-/reload', 405, 'method GET is not allowed here: use POST or PUT\n'],
  ['POST', '/-/quit', 403, 'Lifecycle API is not enabled: start with --web.enable-lifecycle.\n'],
  ['GET', '/-/quit', 405, 'method GET is not allowed here: use POST or PUT\n'],
  ['POST', '/-/healthy', 405, 'method POST is not allowed here: use GET\n'],
  ['GET', '/metrics', 200, 'up 1\n'],
  ['GET', '/metrics/host', 200, 'node_load1 0.5\n'],
  ['GET', '/federate?match[]=up', 200, 'up 1\n'],
  ['GET', '/version', 200, '{"version":"1.2.3"}'],
])('%s %s answers %i', async (method, path, status, body) => {
  expect(await text(await new TestServer().request(path, { method }))).toEqual([status, body]);
});

test('what keeps the process from its work makes it unhealthy', async () => {
  const server = new TestServer();
  server.management.unhealthy = 'the disk is full';
  expect(await text(await server.get('/-/healthy'))).toEqual([503, 'Tocsin is not healthy: the disk is full\n']);
});

test('a reload that fails says why', async () => {
  const server = new TestServer();
  server.management.reloadError = 'rules.yml:3:1: error: bad';
  expect(await text(await server.request('/-/reload', { method: 'POST' }))).toEqual([
    500,
    'failed to reload config: rules.yml:3:1: error: bad\n',
  ]);
});

test('quitting is for those who asked for it at the start', async () => {
  const server = new TestServer();
  await server.request('/-/quit', { method: 'POST' });
  expect(server.management.quits).toBe(0);
  server.management.enableLifecycle = true;
  expect(await text(await server.request('/-/quit', { method: 'PUT' }))).toEqual([200, 'Stopping.\n']);
  expect(server.management.quits).toBe(1);
});
