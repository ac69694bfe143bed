/** Opens, updates and closes alerts at Opsgenie (alertmanager notify/opsgenie/opsgenie.go). Repeating is harmless: the alias is the group's. */
import { Attempt, type HttpPorts, readSecrets, refused, withTemplateErrors } from '../http-integration.ts';
import { outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { OpsgenieConfig } from './config.ts';
import { opsgenieRequests } from './message.ts';

const RULES = { retriesOn: [429] };

export function opsgenieIntegration(config: OpsgenieConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);
  return {
    send: async (input): Promise<SendOutcome> => {
      const secrets = readSecrets({ api_key: config.apiKey }, ports);
      if ('kind' in secrets) return secrets;
      const message = opsgenieRequests(config, input, secrets.revealed.api_key);
      if (message.kind === 'refused') return refused(message.why);
      const attempt = new Attempt(client, ports.clock, input);
      let outcome = refused('there is nothing to send');
      for (const request of message.request) {
        outcome = outcomeOfHttp(await attempt.request(request), RULES);
        if (outcome.kind !== 'accepted') return outcome;
      }
      return withTemplateErrors(outcome, message.templateErrors);
    },
    close: () => client.close(),
  };
}
