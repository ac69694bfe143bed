/** Posts to a Microsoft Teams workflow (alertmanager notify/msteamsv2/msteamsv2.go). */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { Msteamsv2Config } from './config.ts';
import { msteamsv2Request } from './message.ts';

export const msteamsv2Integration = (config: Msteamsv2Config, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { webhook_url: config.webhookUrl },
    make: (input, { webhook_url }) => msteamsv2Request(config, input, webhook_url),
  });
