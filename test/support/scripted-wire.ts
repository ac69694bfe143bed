/** A network below the production HTTP client whose other side acts from a script: answers, breaks off, hangs, floods. */
import type { OpenWire, WireListener, WireRequest } from '../../src/platform/http-wire.ts';

export type WireScript = (request: WireRequest, listener: WireListener) => void;

export class ScriptedWire {
  readonly requests: WireRequest[] = [];
  readonly #script: WireScript;

  constructor(script: WireScript) {
    this.#script = script;
  }

  readonly open: OpenWire = () => ({
    exchange: (request, listener) => {
      this.requests.push(request);
      let isAborted = false;
      const unlessAborted = (act: () => void): void => {
        if (!isAborted) act();
      };
      // Nothing comes before the caller knows how to stop it.
      queueMicrotask(() =>
        this.#script(request, {
          sent: () => unlessAborted(() => listener.sent()),
          head: (status, headers) => unlessAborted(() => listener.head(status, headers)),
          data: (chunk) => unlessAborted(() => listener.data(chunk)),
          end: () => unlessAborted(() => listener.end()),
          fail: (reason, message) => unlessAborted(() => listener.fail(reason, message)),
        }),
      );
      return () => {
        isAborted = true;
      };
    },
    close: () => {},
  });
}

/** A whole answer. */
export function wireAnswer(listener: WireListener, status: number, body = '', headers: Readonly<Record<string, string>> = {}): void {
  listener.sent();
  listener.head(status, new Map(Object.entries(headers)));
  listener.data(new TextEncoder().encode(body));
  listener.end();
}
