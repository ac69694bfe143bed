/**
 * Which provider an integration talks to: the host of its last request, mail server or telephone provider. It is seen on the way out, as
 * addresses may come from files that are read at each attempt, and as it is attempts that tell whether a host is there.
 */
import type { HttpClients } from '../../model/http.ts';
import type { MailTransport } from '../../model/mail.ts';
import type { Telephony, TelephonyAccount } from '../../model/telephony.ts';

export class ProviderSeen {
  /** Null: there was no attempt yet, or it asks nobody outside. */
  name: string | null = null;

  watchingHttp(http: HttpClients): HttpClients {
    return {
      open: (config) => {
        const client = http.open(config);
        return {
          request: (request) => {
            this.name = URL.canParse(request.url) ? new URL(request.url).host : this.name;
            return client.request(request);
          },
          close: () => client.close(),
        };
      },
    };
  }

  watchingMail(mail: MailTransport): MailTransport {
    return {
      send: (server, message) => {
        this.name = `${server.host}:${server.port}`;
        return mail.send(server, message);
      },
    };
  }

  watchingTelephony(telephony: Telephony): Telephony {
    const see = ({ apiUrl }: TelephonyAccount): void => {
      this.name = URL.canParse(apiUrl) ? new URL(apiUrl).host : 'api.twilio.com';
    };
    return {
      ...telephony,
      placeCall: (account, order) => {
        see(account);
        return telephony.placeCall(account, order);
      },
      sendText: (account, order) => {
        see(account);
        return telephony.sendText(account, order);
      },
    };
  }
}
