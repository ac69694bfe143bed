/** Posts to a Discord webhook (alertmanager notify/discord/discord.go). */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { DiscordConfig } from './config.ts';
import { discordRequest } from './message.ts';

export const discordIntegration = (config: DiscordConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { webhook_url: config.webhookUrl },
    make: (input, { webhook_url }) => discordRequest(config, input, webhook_url),
  });
