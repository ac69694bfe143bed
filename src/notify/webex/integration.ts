/** Posts to Webex as a bot (alertmanager notify/webex/webex.go). */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { WebexConfig } from './config.ts';
import { webexRequest } from './message.ts';

export const webexIntegration = (config: WebexConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, { http: config.http, secrets: {}, make: (input) => webexRequest(config, input) });
