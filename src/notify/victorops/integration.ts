/** Sends events to VictorOps (alertmanager notify/victorops/victorops.go). Repeating is harmless: the entity is the group. */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { VictoropsConfig } from './config.ts';
import { victoropsRequest } from './message.ts';

export const victoropsIntegration = (config: VictoropsConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { api_key: config.apiKey },
    make: (input, { api_key }) => victoropsRequest(config, input, api_key),
  });
