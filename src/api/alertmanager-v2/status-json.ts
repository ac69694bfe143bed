/** GET /status: what amtool and Grafana look for. There is no cluster, and no Go. */
import { timeJson } from './alert-json.ts';
import type { AlertmanagerBackend } from './backend.ts';

/** The level of the API that we keep; amtool warns when it differs from its own. */
export const ALERTMANAGER_LEVEL = '0.33.1';

export function statusJson(backend: AlertmanagerBackend): string {
  const versionInfo = {
    version: ALERTMANAGER_LEVEL,
    revision: 'tocsin',
    branch: 'main',
    buildUser: '',
    buildDate: '',
    goVersion: '',
    tocsinVersion: backend.version,
  };
  const config = { original: backend.configYaml() };
  const cluster = { status: 'disabled', peers: [] };
  return `{"cluster":${JSON.stringify(cluster)},"config":${JSON.stringify(config)},"uptime":${timeJson(backend.startedAt)},"versionInfo":${JSON.stringify(versionInfo)}}`;
}
