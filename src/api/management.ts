/**
 * The endpoints that look after the process (prometheus/web/web.go): health, readiness, reload, quit, own metrics. Scripts
 * and load balancers go by the status; the texts are for people.
 */

import { Hono } from 'hono';
import type { Exposition, ManagementBackend } from './management-backend.ts';
import { wholeResponse } from './whole-response.ts';

export function managementRoutes(backend: ManagementBackend): Hono {
  const app = new Hono();
  const on = (methods: readonly string[], path: string, handle: () => Promise<Response> | Response): void => {
    app.all(path, (context) => {
      const method = context.req.method === 'HEAD' ? 'GET' : context.req.method;
      if (methods.includes(method)) return handle();
      return new Response(`method ${method} is not allowed here: use ${methods.join(' or ')}\n`, {
        status: 405,
        headers: { 'content-type': PLAIN, allow: methods.join(', ') },
      });
    });
  };
  const GET = ['GET'];
  const CHANGE = ['POST', 'PUT'];

  on(GET, '/-/healthy', async () => {
    const why = await backend.whyUnhealthy();
    return why === null ? plain('Tocsin is healthy.') : plain(`Tocsin is not healthy: ${why}`, 503);
  });
  on(GET, '/-/ready', () =>
    backend.isReady() ? plain('Tocsin is ready.') : plain('Tocsin is not ready: the metrics are being read from disk.', 503),
  );
  on(CHANGE, '/-/reload', async () => {
    const outcome = await backend.reload();
    return outcome.kind === 'applied' ? new Response(null) : plain(`failed to reload config: ${outcome.error}`, 500);
  });
  on(CHANGE, '/-/quit', () => {
    if (!backend.enableLifecycle) return plain('Lifecycle API is not enabled: start with --web.enable-lifecycle.', 403);
    backend.quit();
    return plain('Stopping.');
  });
  on(GET, '/metrics', async () => exposition(await backend.metrics()));
  on(GET, '/metrics/host', async () => exposition(await backend.hostMetrics()));
  on(GET, '/version', () => Response.json({ version: backend.version }));
  return app;
}

const PLAIN = 'text/plain; charset=utf-8';

const plain = (text: string, status = 200): Response => new Response(`${text}\n`, { status, headers: { 'content-type': PLAIN } });

const exposition = ({ contentType, text }: Exposition): Response => wholeResponse(text, { 'content-type': contentType });
