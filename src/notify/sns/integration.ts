/** Publishes to Amazon SNS with calls signed by us (alertmanager notify/sns/sns.go). */
import { Attempt, type HttpPorts, refused, withTemplateErrors } from '../http-integration.ts';
import { outcomeOfHttp } from '../http-outcome.ts';
import type { Integration, SendOutcome } from '../integration.ts';
import type { SnsConfig } from './config.ts';
import { AwsCredentialSource, signed, xmlText } from './credentials.ts';
import { snsRequest } from './message.ts';

export function snsIntegration(config: SnsConfig, ports: HttpPorts): Integration {
  const client = ports.http.open(config.http);
  const source = new AwsCredentialSource(config.sigv4, client, ports);
  return {
    send: async (input): Promise<SendOutcome> => {
      const { region } = source;
      if (region === '') return refused('region not configured in sns.sigv4.region or in default credentials chain');
      const message = snsRequest(config, input, region);
      if (message.kind === 'refused') return refused(message.why);
      const credentials = await source.credentials(input);
      if ('error' in credentials) return credentials.error;
      const request = signed(message.request, credentials, { region, service: 'sns', now: input.now });
      const result = await new Attempt(client, ports.clock, input).request(request);
      return withTemplateErrors(outcomeOfHttp(result, { explain: ({ text }) => xmlText(text, 'Message') }), message.templateErrors);
    },
    close: () => {
      client.close();
      source.close();
    },
  };
}
