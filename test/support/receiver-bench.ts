/** One integration out of a few lines of YAML, over HTTP that answers from a script: what it sends, and what it makes of answers. */
import { decode, object } from '../../src/config/decode.ts';
import { type Diagnostic, isError, upstreamText } from '../../src/config/diagnostic.ts';
import { DiagnosticSink } from '../../src/config/diagnostic-sink.ts';
import { type SourceFile, sourceFile } from '../../src/config/source.ts';
import { emptyMap, parseYaml } from '../../src/config/yaml-document.ts';
import type { Clock } from '../../src/model/clock.ts';
import type { HttpClients, HttpRequest, HttpResult } from '../../src/model/http.ts';
import { Secret } from '../../src/model/secret.ts';
import { NO_CHARTS } from '../../src/notify/chart/charts.ts';
import type { Integration, SendInput, SendOutcome } from '../../src/notify/integration.ts';
import { receiverGlobals } from '../../src/notify/receiver-globals.ts';
import { buildIntegration, type IntegrationName, type ReceiverIntegration, receiverReader } from '../../src/notify/receivers.ts';
import { builtInTemplates, notificationInput } from './notification-input.ts';
import { response, ScriptedHttp } from './scripted-http.ts';
import { MemoryBook, ScriptedTelephony } from './scripted-telephony.ts';

export type ReadIntegration = {
  readonly configured: ReceiverIntegration | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly source: SourceFile;
};

/** `yaml`: the integration's fields; `global`: the lines of the global section. Both without indentation. */
export function readIntegration(name: IntegrationName, yaml: string, global = ''): ReadIntegration {
  const indented = (text: string, by: string): string =>
    text
      .trim()
      .split('\n')
      .map((line) => by + line)
      .join('\n');
  const text = `global:\n${indented(global, '  ')}\nreceiver:\n  name: team\n  ${name}_configs:\n  -\n${indented(yaml, '    ')}\n`;
  const document = parseYaml(sourceFile('alertmanager.yml', text));
  const sink = new DiagnosticSink();
  sink.addDocument(document);
  const whole = object('config', (fields) =>
    fields.get('receiver', receiverReader(fields.get('global', object('global', receiverGlobals)), builtInTemplates)),
  );
  const receiver = decode(document.root ?? emptyMap(document.source), whole, sink);
  return { configured: receiver.integrations[0], diagnostics: sink.diagnostics(), source: document.source };
}

/** What is wrong with the fields, in Alertmanager's words; null when nothing is. */
export function configError(name: IntegrationName, yaml: string, global = ''): string | null {
  const errors = readIntegration(name, yaml, global).diagnostics.filter(isError);
  return errors.length === 0 ? null : errors.map(upstreamText).join('\n');
}

type BenchOptions = {
  readonly global?: string;
  readonly answer?: (request: HttpRequest) => HttpResult;
  /** What secret files and environment variables hold, by path and name. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** In place of scripted answers: the production client over a scripted network, on a clock. */
  readonly world?: { readonly http: HttpClients; readonly clock: Pick<Clock, 'elapsed'> };
};

export class ReceiverBench {
  readonly telephony = new ScriptedTelephony();
  readonly book = new MemoryBook();
  readonly #http: ScriptedHttp;
  readonly configured: ReceiverIntegration;
  readonly integration: Integration;

  constructor(name: IntegrationName, yaml: string, { global = '', answer = () => response('ok'), secrets = {}, world }: BenchOptions = {}) {
    const { configured, diagnostics } = readIntegration(name, yaml, global);
    const errors = diagnostics.filter(isError);
    if (configured === undefined || errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
    this.configured = configured;
    this.#http = new ScriptedHttp(answer);
    this.integration = buildIntegration('team', configured.config, {
      http: world?.http ?? this.#http,
      mail: { send: async () => ({ kind: 'accepted', response: '250 ok', refused: [] }) },
      charts: NO_CHARTS,
      telephony: this.telephony,
      book: this.book,
      inbox: { store: async () => {} },
      clock: world?.clock ?? { elapsed: () => 0 },
      readSecret: (source) => {
        if (source.kind === 'inline') return source.secret;
        const text = secrets[source.kind === 'file' ? source.path : source.name];
        return text === undefined ? { error: 'there is none' } : new Secret(text);
      },
    });
  }

  send(input: SendInput = notificationInput()): Promise<SendOutcome> {
    return this.integration.send(input);
  }

  async reconcile(input: SendInput = notificationInput()): Promise<unknown> {
    return this.integration.reconcile?.(input);
  }

  get requests(): readonly HttpRequest[] {
    return this.#http.requests;
  }

  /** The JSON of a request's body. */
  body(index = 0): unknown {
    const body = this.requests[index]?.body;
    return body === undefined ? undefined : JSON.parse(new TextDecoder().decode(body));
  }

  /** Sends, and gives the JSON that went out first. */
  async sent(input: SendInput = notificationInput()): Promise<unknown> {
    await this.send(input);
    return this.body();
  }
}
