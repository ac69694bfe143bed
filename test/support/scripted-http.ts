/** HTTP clients that answer from a script: one function decides what every request gets; all requests are kept. */
import type { HttpClient, HttpClientConfig, HttpClients, HttpRequest, HttpResult } from '../../src/model/http.ts';

export class ScriptedHttp implements HttpClients {
  readonly requests: HttpRequest[] = [];
  readonly configs: HttpClientConfig[] = [];
  closed = 0;
  answer: (request: HttpRequest) => HttpResult | Promise<HttpResult>;

  constructor(answer: (request: HttpRequest) => HttpResult | Promise<HttpResult>) {
    this.answer = answer;
  }

  open(config: HttpClientConfig): HttpClient {
    this.configs.push(config);
    return {
      request: async (request) => {
        this.requests.push(request);
        return this.answer(request);
      },
      close: () => {
        this.closed++;
      },
    };
  }
}

export const response = (body: string | Uint8Array, { status = 200, contentType = 'text/plain' } = {}): HttpResult => ({
  kind: 'response',
  status,
  headers: new Map(contentType === '' ? [] : [['content-type', contentType]]),
  body: typeof body === 'string' ? Buffer.from(body) : body,
});
