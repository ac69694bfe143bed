/** The HTTP server of the application: its backends, who may ask and how, ready to listen. */
import { createServer, type ServerOptions } from '../../api/server.ts';
import { WebConfigError, WebConfigFile } from '../../api/web-config-file.ts';
import { compileRegex, type Regex } from '../../model/regex.ts';
import type { ServerTls } from '../../model/server-tls.ts';
import type { RequestHandler } from '../../platform/http-server.ts';
import { renderActionPage, renderGoneActionPage } from '../../web/action-page.ts';
import { renderPage, renderSilenceForm } from '../../web/page.ts';
import { type App, StartError } from '../app.ts';
import { actionPageBackend } from './action-page-backend.ts';
import { alertmanagerBackend } from './alertmanager-backend.ts';
import { bindRefusal } from './bind-rule.ts';
import { managementBackend } from './management-backend.ts';
import { overviewOf } from './overview.ts';
import { prometheusBackend } from './prometheus-backend.ts';
import { telephoneBackend } from './telephone-backend.ts';
import { tocsinBackend } from './tocsin-backend.ts';

export type AppServer = {
  readonly handler: RequestHandler;
  /** A handler that answers the Prometheus API from the engine's stage, whoever asks. */
  readonly rehearsal: () => RequestHandler;
  /** To be asked at every connection; null: plain HTTP. */
  readonly tls: (() => ServerTls) | null;
};

/** Throws StartError where the web's flags or the file they name cannot be used. */
export function appServer(app: App, quit: () => void): AppServer {
  const { options, ports } = app;
  const { web } = options;
  const webConfig = web.configFile === null ? null : openWebConfig(web.configFile, app);
  const refusal = bindRefusal(options, webConfig !== null && webConfig.asksWhoCalls());
  if (refusal !== null) throw new StartError(refusal);
  const alertmanager = alertmanagerBackend(app);
  const served: ServerOptions = {
    prometheus: prometheusBackend(app),
    alertmanager,
    tocsin: tocsinBackend(app, alertmanager),
    overview: { title: web.pageTitle, overview: (notice) => overviewOf(app, notice) },
    management: managementBackend(app, quit),
    actionPage: actionPageBackend(app),
    telephone: telephoneBackend(app),
    render: { overview: renderPage, silenceForm: renderSilenceForm, action: renderActionPage, goneAction: renderGoneActionPage },
    guard: { corsOrigin: corsOrigin(web.corsOrigin), externalOrigin: new URL(app.externalUrl).origin, webConfig, clock: ports.clock },
    log: ports.log,
    routePrefix: app.pathPrefix,
    linkPrefix: app.linkPrefix,
    getConcurrencyMax: web.getConcurrency > 0 ? web.getConcurrency : GET_CONCURRENCY,
  };
  const isTls = webConfig !== null && webConfig.tls() !== null;
  return {
    handler: createServer(served),
    rehearsal: () => createServer({ ...served, prometheus: prometheusBackend(app, true), guard: { ...served.guard, webConfig: null } }),
    tls: isTls ? () => webConfig.tls() ?? neverPlain() : null,
  };
}

/** Alertmanager's default on a small machine. */
const GET_CONCURRENCY = 8;

function openWebConfig(path: string, { ports }: App): WebConfigFile {
  try {
    return new WebConfigFile(path, ports);
  } catch (error) {
    if (error instanceof WebConfigError) throw new StartError(`--web.config.file cannot be used:\n${error.message}`);
    throw error;
  }
}

function corsOrigin(source: string): Regex {
  const regex = compileRegex(source);
  if ('error' in regex) throw new StartError(`--web.cors.origin is not a regular expression: ${regex.error}`);
  return regex;
}

function neverPlain(): never {
  throw new Error('BUG: TLS was switched off while listening');
}
