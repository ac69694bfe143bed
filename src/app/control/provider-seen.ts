/**
 * Which provider an integration talks to: the host of its last request or mail server. It is seen on the way out, as
 * addresses may come from files that are read at each attempt, and as it is attempts that tell whether a host is there.
 */
import type { HttpClients } from '../../model/http.ts';
import type { MailTransport } from '../../model/mail.ts';

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
}
