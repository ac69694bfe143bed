/**
 * Tries the templates of all receivers before anything fires: every integration makes its messages out of sample
 * notifications, for nobody. Alertmanager would find such a mistake when the first alert is to be sent; here it is a warning
 * when the configuration is read, with its place and what it fails for. Never an error: the configuration is valid, and
 * a built-in text stands in for the field.
 *
 * What is rendered is what the integrations themselves ask for. Equal texts, such as the defaults, are rendered once for
 * all. The expensive sample is for what the user wrote, and for the first few texts: the defaults stand it.
 */
import type { Diagnostic } from '../../config/diagnostic.ts';
import { DiagnosticSink } from '../../config/diagnostic-sink.ts';
import type { YamlMap, YamlNode, YamlScalar } from '../../config/yaml-document.ts';
import { goQuote } from '../../lib/go-quote.ts';
import type { Clock } from '../../model/clock.ts';
import { Secret, type SecretSource } from '../../model/secret.ts';
import { type UnixMs, unixMs } from '../../model/time.ts';
import { NO_CHARTS } from '../../notify/chart/charts.ts';
import type { SendInput } from '../../notify/integration.ts';
import { buildIntegration, type IntegrationConfig, type Receiver, type ReceiverIntegration } from '../../notify/receivers.ts';
import { SAMPLE_NOTIFICATIONS, sampleData } from '../../notify/sample-notifications.ts';
import type { NotificationData } from '../../template/alertmanager-data.ts';
import type { Rendered } from '../../template/execute.ts';
import type { NotificationRenderer, NotificationTemplates } from '../../template/notification-templates.ts';
import { NO_BOOK, pretendHttp, pretendMail, pretendTelephony } from './pretend-ports.ts';

/** After this nothing more is tried. */
const TRY_MS_MAX = 200;
/** How many texts are rendered with a sample of that many alerts. */
const EXPENSIVE = { alerts: 100, textsMax: 8 };
/** Of one text; more would say the same again. */
const SHOWN_CHARS_MAX = 300;

type Tried = {
  /** Alertmanager's sections as they were written; a receiver's place is its own in the list. */
  readonly root: YamlMap;
  readonly receivers: readonly Receiver[];
  readonly templates: NotificationTemplates;
  /** Of the user: they may change what the defaults say. */
  readonly hasTemplateFiles: boolean;
};

export async function tryTemplates(
  { root, receivers, templates, hasTemplateFiles }: Tried,
  { now, elapsed }: Pick<Clock, 'now' | 'elapsed'>,
): Promise<readonly Diagnostic[]> {
  const sink = new DiagnosticSink();
  const told = new Set<string>();
  const endsAt = elapsed() + TRY_MS_MAX;
  const at = now();
  for (const { name: sample, alerts, groupBy } of SAMPLE_NOTIFICATIONS) {
    const isExpensive = alerts.length >= EXPENSIVE.alerts;
    const trial = new TrialTemplates(templates, isExpensive ? EXPENSIVE.textsMax : Number.POSITIVE_INFINITY);
    let data: NotificationData | null = null;
    for (const [index, receiver] of receivers.entries()) {
      for (const integration of receiver.integrations) {
        if (elapsed() > endsAt) return sink.diagnostics();
        const node = integrationNode(root, index, integration);
        if (isExpensive && !hasTemplateFiles && !holdsTemplate(node)) continue;
        data ??= sampleData(alerts, { receiver: '', groupBy, externalUrl: EXTERNAL_URL, now: at });
        if (data.status === 'resolved' && !integration.sendResolved) continue;
        await makeMessages(receiver.name, integration, inputOf({ ...data, receiver: receiver.name }, trial, at));
        for (const { text, error } of trial.takeFailures()) {
          const key = `${receiver.name}/${integration.name}/${integration.index}/${text}`;
          if (told.has(key)) continue;
          told.add(key);
          const scalar = scalarWith(node, (candidate) => candidate === text);
          const which = scalar === null ? elsewhere(text, integration.config) : 'this template';
          sink.at(scalar ?? node, {
            code: 'bad_template',
            severity: 'warning',
            message: `in receiver ${goQuote(receiver.name)} ${which} fails for ${sample}: ${error.slice(0, SHOWN_CHARS_MAX)}`,
            hint: 'a built-in text would go out in its place; guard what may be missing with {{ if }} or {{ with }}',
          });
        }
      }
    }
  }
  return sink.diagnostics();
}

/** A template that is not among the integration's fields: a default, or what `global` has for it, which may be a secret. */
function elsewhere(text: string, config: IntegrationConfig): string {
  const isSecret = Object.values(config).some(
    (value: unknown) =>
      typeof value === 'object' && value !== null && 'secret' in value && value.secret instanceof Secret && value.secret.reveal() === text,
  );
  return isSecret ? 'a secret' : `${goQuote(text.slice(0, SHOWN_CHARS_MAX))}, a default,`;
}

const EXTERNAL_URL = 'http://tocsin.example.org:9099';

const inputOf = (data: NotificationData, templates: SendInput['templates'], now: UnixMs): SendInput => ({
  id: 'trial',
  groupKey: '{}:{}',
  threadId: 'trial',
  createdAt: now,
  deadline: unixMs(now + 60_000),
  attempt: 1,
  mayRepeat: false,
  links: null,
  replyCode: null,
  now,
  templates,
  kept: {},
  data,
});

async function makeMessages(receiver: string, { config }: ReceiverIntegration, input: SendInput): Promise<void> {
  const integration = buildIntegration(receiver, config, {
    http: pretendHttp(() => {}),
    mail: pretendMail,
    charts: NO_CHARTS,
    telephony: pretendTelephony,
    book: NO_BOOK,
    inbox: { store: () => Promise.resolve() },
    clock: { elapsed: () => 0 },
    readSecret,
  });
  await integration.send(input);
  integration.close();
}

/** What is not in the configuration itself is not read for a trial: a digit is good for a token and for a number. */
const readSecret = (source: SecretSource): Secret => (source.kind === 'inline' ? source.secret : new Secret('1'));

type Failure = { readonly text: string; readonly error: string };

/** Renders each text once for a sample, and keeps what failed since it was last asked. */
class TrialTemplates {
  readonly #templates: NotificationTemplates;
  readonly #known = new Map<string, Rendered>();
  readonly #textsMax: number;
  #failures: Failure[] = [];

  /** After so many texts the others stay as they are written. */
  constructor(templates: NotificationTemplates, textsMax: number) {
    this.#templates = templates;
    this.#textsMax = textsMax;
  }

  renderer(data: NotificationData, now: UnixMs, page?: string): NotificationRenderer {
    const renderer = this.#templates.renderer(data, now, page);
    const render = (mode: 'text' | 'html', text: string): Rendered => {
      const key = `${mode}:${text}`;
      let rendered = this.#known.get(key);
      if (rendered === undefined) {
        if (!text.includes('{{') || this.#known.size >= this.#textsMax) return { text };
        rendered = renderer[mode](text);
        this.#known.set(key, rendered);
      }
      if ('error' in rendered) this.#failures.push({ text, error: rendered.error });
      return rendered;
    };
    return { text: (text) => render('text', text), html: (text) => render('html', text) };
  }

  takeFailures(): readonly Failure[] {
    const failures = this.#failures;
    this.#failures = [];
    return failures;
  }
}

/** Where an integration is written. */
function integrationNode(root: YamlMap, receiver: number, { name, index }: ReceiverIntegration): YamlNode {
  const receiverNode = itemOf(valueOf(root, 'receivers'), receiver);
  return itemOf(valueOf(receiverNode, `${name}_configs`), index) ?? receiverNode ?? root;
}

const valueOf = (node: YamlNode | null, key: string): YamlNode | null =>
  node?.kind === 'map' ? (node.entries.find((entry) => entry.key.text === key)?.value ?? null) : null;
const itemOf = (node: YamlNode | null, index: number): YamlNode | null => (node?.kind === 'list' ? (node.items[index] ?? null) : null);

const holdsTemplate = (node: YamlNode): boolean => scalarWith(node, (text) => text.includes('{{')) !== null;

function scalarWith(node: YamlNode, matches: (text: string) => boolean): YamlScalar | null {
  if (node.kind === 'scalar') return matches(node.text) ? node : null;
  for (const child of node.kind === 'list' ? node.items : node.entries.map(({ value }) => value)) {
    const found = scalarWith(child, matches);
    if (found !== null) return found;
  }
  return null;
}
