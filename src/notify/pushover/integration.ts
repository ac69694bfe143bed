/** Sends to Pushover (alertmanager notify/pushover/pushover.go). */
import { type HttpPorts, oneRequest } from '../http-integration.ts';
import type { Integration } from '../integration.ts';
import type { PushoverConfig } from './config.ts';
import { pushoverRequest } from './message.ts';

export const pushoverIntegration = (config: PushoverConfig, ports: HttpPorts): Integration =>
  oneRequest(ports, {
    http: config.http,
    secrets: { user_key: config.userKey, token: config.token },
    make: (input, secrets) => pushoverRequest(config, input, secrets),
  });
