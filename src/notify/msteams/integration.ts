/** Posts to a Microsoft Teams connector (alertmanager notify/msteams/msteams.go). */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { MsteamsConfig } from './config.ts';
import { msteamsRequest } from './message.ts';

export const msteamsIntegration = (config: MsteamsConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { webhook_url: config.webhookUrl },
    make: (input, { webhook_url }) => msteamsRequest(config, input, webhook_url),
  });
