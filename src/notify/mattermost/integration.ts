/** Posts to a Mattermost webhook (alertmanager notify/mattermost/mattermost.go). */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { MattermostConfig } from './config.ts';
import { mattermostRequest } from './message.ts';

export const mattermostIntegration = (config: MattermostConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { webhook_url: config.webhookUrl },
    make: (input, { webhook_url }) => mattermostRequest(config, input, webhook_url),
  });
