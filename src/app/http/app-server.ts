import { Hono } from 'hono';
import { alertmanagerRoutes } from '../../api/alertmanager-v2/routes.ts';
import { federate, prometheusRoutes } from '../../api/prometheus-v1/routes.ts';
import type { RequestHandler, ServerTls } from '../../platform/http-server.ts';
import { renderPage } from '../../web/page.ts';
import type { App } from '../app.ts';
import { alertmanagerBackend } from './alertmanager-backend.ts';
import { managementBackend } from './management-backend.ts';
import { overviewOf } from './overview.ts';
import { prometheusBackend } from './prometheus-backend.ts';

export async function appServer(app: App, quit: () => void): Promise<{ readonly handler: RequestHandler; readonly tls: ServerTls | null }> {
  const hono = new Hono();
  const prometheus = prometheusBackend(app);
  const management = managementBackend(app, quit);
  hono.route('/api/v1', prometheusRoutes(prometheus));
  hono.route('/api/v2', alertmanagerRoutes(alertmanagerBackend(app), { getConcurrencyMax: 8 }));
  hono.get('/federate', federate(prometheus));
  hono.get('/-/healthy', (c) => c.text('ok\n'));
  hono.get('/-/ready', (c) => (management.isReady() ? c.text('ok\n') : c.text('no\n', 503)));
  hono.get('/metrics', async (c) => c.text((await management.metrics()).text));
  hono.get('/metrics/host', async (c) => c.text((await management.hostMetrics()).text));
  hono.post('/-/reload', async (c) => {
    const r = await management.reload();
    return r.kind === 'applied' ? c.text('') : c.text(r.error, 500);
  });
  hono.get('/', async (c) => c.html(renderPage(await overviewOf(app, null))));
  return { handler: (request, info) => hono.fetch(request, { remoteAddress: info.remoteAddress, user: null }), tls: null };
}
