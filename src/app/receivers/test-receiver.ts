/**
 * Sends a test through a receiver, or shows what would be sent. Each integration runs as it does for a real notification;
 * what differs is behind its ports: providers that are pretended to (pretend-ports.ts), or the real ones with an ear on the
 * line. What was heard is shown without secrets.
 */
import type { IntegrationTest, ReceiverTest, ReceiverTestAsked, TestedMessage, TestOutcome } from '../../api/tocsin-v1/receiver-test.ts';
import { nearestWord } from '../../lib/edit-distance.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { decodeUtf8 } from '../../lib/utf8-bytes.ts';
import type { HttpClient, HttpClientConfig, HttpClients, HttpRequest, HttpResult } from '../../model/http.ts';
import type { MailMessage, MailTransport, SmtpServer } from '../../model/mail.ts';
import { uuid } from '../../model/random.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import type { Telephony } from '../../model/telephony.ts';
import type { SendInput, SendOutcome } from '../../notify/integration.ts';
import type { Receiver, ReceiverIntegration } from '../../notify/receivers.ts';
import { sampleData } from '../../notify/sample-notifications.ts';
import type { Ports } from '../../platform/ports.ts';
import { SecretReader } from '../../platform/secret-reader.ts';
import type { NotificationRenderer, NotificationTemplates } from '../../template/notification-templates.ts';
import { directInput, directIntegration } from './direct-send.ts';
import { PRETENDED, PRETENDED_ORDER, pretendTelephony } from './pretend-ports.ts';
import { SecretMask } from './secret-mask.ts';

export type TestPorts = Pick<Ports, 'clock' | 'disk' | 'environment' | 'http' | 'mail' | 'random' | 'telephony'>;

type Tested = {
  readonly receivers: readonly Receiver[];
  readonly templates: NotificationTemplates;
  readonly externalUrl: string;
};

const ANSWER_CHARS_MAX = 2000;

export async function testReceiver(
  name: string,
  asked: ReceiverTestAsked,
  tested: Tested,
  ports: TestPorts,
): Promise<ReceiverTest | { readonly error: string }> {
  const receiver = tested.receivers.find((candidate) => candidate.name === name);
  if (receiver === undefined) return { error: unknownReceiver(name, tested.receivers) };
  const integrations: IntegrationTest[] = [];
  for (const integration of receiver.integrations) integrations.push(await testIntegration(receiver, integration, asked, tested, ports));
  return { receiver: name, integrations };
}

function unknownReceiver(name: string, receivers: readonly Receiver[]): string {
  const names = receivers.map((receiver) => receiver.name);
  const near = nearestWord(name, names);
  return `there is no receiver ${goQuote(name)}: ${near === null ? `there are ${names.map(goQuote).join(', ')}` : `did you mean ${goQuote(near)}?`}`;
}

async function testIntegration(
  { name }: Receiver,
  { name: kind, index, config }: ReceiverIntegration,
  asked: ReceiverTestAsked,
  tested: Tested,
  ports: TestPorts,
): Promise<IntegrationTest> {
  const line = new Line(asked.send ? ports : null, ports);
  const integration = directIntegration(name, config, {
    clock: ports.clock,
    http: line.http,
    mail: line.mail,
    telephony: line.telephony,
    inbox: {
      store: async ({ subject, text, html }) => {
        line.messages.push({ kind: 'inbox', subject, text, html });
      },
    },
    readSecret: (source) => line.readSecret(source),
  });
  try {
    const outcome = await integration.send(inputOf(name, asked, tested, line, ports));
    // The inbox keeps what was owed to somebody; a test is not.
    const shown = outcomeOf(outcome, { isSent: asked.send && kind !== 'inbox' });
    return { integration: `${kind}[${index}]`, messages: line.messages, outcome: maskedOutcome(shown, line.mask) };
  } finally {
    integration.close();
  }
}

function outcomeOf(outcome: SendOutcome, { isSent }: { readonly isSent: boolean }): TestOutcome {
  if (outcome.kind !== 'accepted') return { kind: outcome.kind, message: outcome.message };
  if (isSent) return { kind: 'accepted', answer: outcome.answer };
  const [, note = ''] = /; (with built-in text.*)$/s.exec(outcome.answer) ?? [];
  return { kind: 'made', note };
}

const maskedOutcome = (outcome: TestOutcome, mask: SecretMask): TestOutcome => {
  switch (outcome.kind) {
    case 'made':
      return { ...outcome, note: mask.apply(outcome.note) };
    case 'accepted':
      return { ...outcome, answer: mask.apply(outcome.answer) };
    default:
      return { ...outcome, message: mask.apply(outcome.message) };
  }
};

/** One alert in a group of its own, which is the same at every test: what a test opened at a provider, a resolved one closes. */
function inputOf(
  receiver: string,
  asked: ReceiverTestAsked,
  { templates, externalUrl }: Tested,
  line: Line,
  { clock, random }: TestPorts,
): SendInput {
  const now = clock.now();
  const labels = { alertname: 'ReceiverTest', severity: 'info', ...asked.labels };
  const annotations = { summary: `A test of receiver ${receiver}: there is nothing to do`, ...asked.annotations };
  const told = {
    id: uuid(random),
    groupKey: `{}/{test=${goQuote(receiver)}}:{}`,
    threadId: 'receiver-test',
    templates: { renderer: (data, at, page) => line.listen(templates.renderer(data, at, page)) },
    data: sampleData([{ labels, annotations, isResolved: asked.isResolved }], { receiver, groupBy: ['alertname'], externalUrl, now }),
  } satisfies Partial<SendInput>;
  return directInput(told, now);
}

/** What an integration is connected to, and all that was heard on it. */
class Line {
  readonly mask = new SecretMask();
  readonly messages: TestedMessage[] = [];
  readonly #real: Pick<TestPorts, 'http' | 'mail' | 'telephony'> | null;
  readonly #secrets: SecretReader;

  /** `real`: null where providers are only pretended to. */
  constructor(real: Pick<TestPorts, 'http' | 'mail' | 'telephony'> | null, { disk, environment }: Pick<TestPorts, 'disk' | 'environment'>) {
    this.#real = real;
    this.#secrets = new SecretReader(disk, environment);
  }

  readonly http: HttpClients = {
    open: (config): HttpClient => {
      const client = this.#real?.http.open(config) ?? null;
      return {
        request: async (request) => {
          const result = await (client?.request(request) ?? Promise.resolve(PRETENDED));
          this.messages.push(this.#httpMessage(request, config, client === null ? null : result));
          return result;
        },
        close: () => client?.close(),
      };
    },
  };

  readonly mail: MailTransport = {
    send: async (server, message) => {
      const result =
        this.#real === null ? ({ kind: 'accepted', response: '', refused: [] } as const) : await this.#real.mail.send(server, message);
      this.messages.push(this.#mailMessage(server, message));
      return result;
    },
  };

  readonly telephony: Telephony = {
    ...pretendTelephony,
    placeCall: async (account, order) => {
      const { from, to, script } = order;
      this.messages.push({ kind: 'call', from, to, text: script.kind === 'inline' ? script.twiml : script.url });
      return this.#real?.telephony.placeCall(account, order) ?? PRETENDED_ORDER;
    },
    sendText: async (account, order) => {
      this.messages.push({ kind: 'text', from: order.from, to: order.to, text: order.body });
      return this.#real?.telephony.sendText(account, order) ?? PRETENDED_ORDER;
    },
  };

  readSecret(source: SecretSource): Secret | { readonly error: string } {
    try {
      const text = this.#secrets.secret(source);
      this.mask.add(text.trim());
      return new Secret(text);
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** A secret may be a template: what it becomes is as secret. */
  listen(renderer: NotificationRenderer): NotificationRenderer {
    return {
      html: renderer.html,
      text: (text) => {
        const rendered = renderer.text(text);
        if (this.mask.has(text) && 'text' in rendered) this.mask.add(rendered.text.trim());
        return rendered;
      },
    };
  }

  #httpMessage({ method, url, headers, body }: HttpRequest, config: HttpClientConfig, result: HttpResult | null): TestedMessage {
    const shown = (text: string): string => this.mask.apply(text);
    const own = Object.entries(headers).map(([name, value]) => [name, maskedHeader(name, shown(value))] as const);
    return {
      kind: 'http',
      method,
      url: shown(url).replace(/([?&]access_token=)[^&]*/, '$1<secret>'),
      headers: [...own, ...configuredHeaders(config)],
      body: body === undefined ? '' : shown(decodeUtf8(body)),
      answer:
        result === null
          ? null
          : result.kind === 'failed'
            ? { error: shown(result.message) }
            : { status: result.status, body: shown(decodeUtf8(result.body)).slice(0, ANSWER_CHARS_MAX) },
    };
  }

  #mailMessage(server: SmtpServer, { from, to, subject, messageId, headers, text, html }: MailMessage): TestedMessage {
    return {
      kind: 'mail',
      server: `${server.host}:${server.port}`,
      headers: [['From', from], ['To', to.join(', ')], ['Subject', subject], ['Message-ID', messageId], ...headers],
      text,
      html,
    };
  }
}

/** Of credentials their kind is shown: `GenieKey <secret>`. */
function maskedHeader(name: string, value: string): string {
  if (!/^(authorization|cookie|x-auth-token|x-user-id|x-amz-security-token)$/i.test(name)) return value;
  const [, scheme = ''] = /^([A-Za-z0-9-]+ )\S/.exec(value) ?? [];
  return `${scheme}<secret>`;
}

/** What http_config puts on every request. */
function configuredHeaders({ auth, headers }: HttpClientConfig): readonly (readonly [string, string])[] {
  const configured = headers.map(({ name, values }) => [name, values.map((value) => `${String(value)}`).join(', ') || '<secret>'] as const);
  switch (auth.kind) {
    case 'none':
      return configured;
    case 'basic':
      return [...configured, ['Authorization', 'Basic <secret>']];
    case 'authorization':
      return [...configured, ['Authorization', `${auth.type} <secret>`]];
    case 'oauth2':
      return [...configured, ['Authorization', `Bearer <secret>, of ${new URL(auth.tokenUrl).host}`]];
  }
}
