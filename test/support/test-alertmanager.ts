/** API v2 before a real router, without a keeper: what it writes is in memory at once. The clock is set by hand. */
import type { Hono } from 'hono';
import type { Router, RouterConfig } from '../../src/alerts/router.ts';
import type { AlertmanagerBackend } from '../../src/api/alertmanager-v2/backend.ts';
import { alertmanagerRoutes } from '../../src/api/alertmanager-v2/routes.ts';
import type { Caller, CallerEnv } from '../../src/api/caller.ts';
import { Labels } from '../../src/model/labels.ts';
import { addMs, durationMs, type UnixMs, unixMs } from '../../src/model/time.ts';
import { routerConfig, testRouter } from './test-router.ts';

export const NOON = unixMs(1_700_000_000_000);
export const CALLER: Caller = { remoteAddress: '192.0.2.7', user: null };

export class TestAlertmanager implements AlertmanagerBackend {
  readonly #router: Router;
  readonly #config: RouterConfig;
  readonly matcherMode: AlertmanagerBackend['matcherMode'] = 'fallback';
  readonly version = '1.2.3';
  readonly startedAt = NOON;
  /** What `now` gives. */
  at: UnixMs = NOON;
  /** Whoever ended a silence, as it was told. */
  readonly expiredBy: string[] = [];

  constructor(changes: Partial<RouterConfig> = {}) {
    this.#config = routerConfig(changes);
    this.#router = testRouter(changes, NOON);
  }

  now(): UnixMs {
    return this.at;
  }
  router(): Router {
    return this.#router;
  }
  prepare(): Promise<void> {
    return Promise.resolve();
  }
  viewTag(list: string): string {
    return `${list}-${this.#router.viewVersion(this.at)}`;
  }
  receive(alerts: Parameters<AlertmanagerBackend['receive']>[0]): ReturnType<AlertmanagerBackend['receive']> {
    return Promise.resolve(this.#router.receive(alerts, this.at));
  }
  putSilence(silence: Parameters<AlertmanagerBackend['putSilence']>[0]): ReturnType<AlertmanagerBackend['putSilence']> {
    return Promise.resolve(this.#router.putSilence(silence, this.at));
  }
  expireSilence(id: Parameters<AlertmanagerBackend['expireSilence']>[0], by: string): Promise<boolean> {
    this.expiredBy.push(by);
    return Promise.resolve(this.#router.expireSilence(id, by, this.at));
  }
  receivers(): ReturnType<AlertmanagerBackend['receivers']> {
    return this.#config.receivers;
  }
  endsAtOf(alert: Parameters<AlertmanagerBackend['endsAtOf']>[0]): UnixMs {
    return alert.endsAt ?? addMs(this.at, durationMs(240_000));
  }
  routeLabels(group: Parameters<AlertmanagerBackend['routeLabels']>[0]): Labels {
    return Labels.fromPairs(group.routeLabels);
  }
  configYaml(): string {
    return 'route:\n  receiver: team\nreceivers:\n- name: team\n';
  }
}

export type Answer = { readonly status: number; readonly text: string; readonly json: unknown; readonly headers: Headers };

/** Sends requests to API v2 as its clients do. */
export function apiV2(
  backend: AlertmanagerBackend,
  getConcurrencyMax = 8,
): (method: string, path: string, body?: unknown) => Promise<Answer> {
  const app: Hono<CallerEnv> = alertmanagerRoutes(backend, { getConcurrencyMax });
  return async (method, path, body) => {
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.headers = { 'content-type': 'application/json' };
      init.body = typeof body === 'string' ? body : JSON.stringify(body);
    }
    const response = await app.request(path, init, CALLER);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, text, json: isJson ? JSON.parse(text) : null, headers: response.headers };
  };
}
