/**
 * The telephones of the simulated world and who has them: what Twilio does with a call or a text, whether it reaches
 * anybody, and what they answer, by a key or by a text. What counts as taken is what somebody could hear or read: a call
 * that is picked up, by a machine too, and said what it was for; a text that arrived.
 */
import type { CallOrder, TextOrder } from '../../../src/model/telephony.ts';
import type { DurationMs } from '../../../src/model/time.ts';
import type {
  CallBehaviour,
  Ring,
  SentText,
  TextBehaviour,
  ProviderBehaviour as TwilioBehaviour,
} from '../../../src/platform/sim/sim-telephony.ts';
import type { SimWorld } from '../../../src/platform/sim/sim-world.ts';
import type { Answerable } from './acknowledgements.ts';
import type { ProviderBehaviour, Providers } from './providers.ts';
import { happens, type IntegrationSpec, numberOf, pick } from './scenario.ts';
import { TWILIO_NUMBER, TWILIO_TOKEN } from './scenario-files.ts';

/** Behind all telephones, as faults name it. */
export const TWILIO = 'twilio';
const TEXTS_URL = 'http://tocsin:9099/twilio/texts';
const ERROR_SAID = 'an application error has occurred';

export type TelephonePorts = {
  readonly world: SimWorld;
  readonly providers: Providers;
  /** What is told by a call or a text that was ordered for this notification: with others, where they go out as one. */
  readonly toldWith: (id: string) => readonly Answerable[];
  /** What an earlier order was for may be ordered again since then. */
  readonly unsureSince: () => number;
  /** Somebody says that it is looked after; what is returned takes the answer. */
  readonly acknowledging: (row: Answerable) => (answer: 'done' | 'elsewhere' | 'refused') => void;
  readonly tell: (what: string) => void;
  readonly areAnswered: boolean;
};

type Ordered = { readonly atMs: number; readonly spec: IntegrationSpec; readonly rows: readonly Answerable[]; readonly isUnsure: boolean };

export class Telephones {
  readonly #ports: TelephonePorts;
  readonly #byNumber: ReadonlyMap<string, IntegrationSpec>;
  /** What the provider has taken, as it counts them. */
  readonly #calls: Ordered[] = [];
  readonly #texts: Ordered[] = [];
  /** Calls that go on, and who waits for the answer to a key. */
  readonly #underWay = new Map<Ring, (wasHeard: boolean) => void>();

  constructor(ports: TelephonePorts, integrations: readonly IntegrationSpec[]) {
    const { world } = ports;
    this.#ports = ports;
    this.#byNumber = new Map(integrations.map((spec) => [numberOf(spec), spec]));
    const { telephony } = world;
    telephony.authToken = TWILIO_TOKEN;
    telephony.behaviour = (order) => this.#takes(order);
    telephony.telephone = (ring) => this.#rings(ring);
    telephony.network = (text) => this.#arrives(text);
    telephony.callbacks = ({ sid, status }) =>
      pick<readonly number[]>(world.random(`callback ${sid} ${status}`), [[0], [0], [0], [0], [0, 3000], [20_000], []]);
  }

  /** Takes note of calls that are over: to be called at every look. */
  look(): void {
    for (const [ring, isOver] of this.#underWay) {
      if (ring.status !== 'completed') continue;
      this.#underWay.delete(ring);
      isOver(ring.heard.some((said) => said === 'Acknowledged.'));
      if (ring.heard.some((said) => said !== ERROR_SAID))
        this.#took(this.#calls[this.#ports.world.telephony.rings.indexOf(ring)] as Ordered);
    }
  }

  #takes(order: CallOrder | TextOrder): TwilioBehaviour {
    const { providers, toldWith, world } = this.#ports;
    const spec = this.#byNumber.get(order.to);
    if (spec === undefined) throw new Error(`BUG: nobody has the number ${order.to}`);
    const outage = providers.behaviourOf(TWILIO);
    const behaviour = DOES[outage === 'ok' ? providers.behaviourOf(spec.id) : outage];
    if ('body' in order) providers.texts.push(order.body);
    if (behaviour.kind === 'accept' || (behaviour.kind !== 'refused' && behaviour.taken)) {
      const taken = 'body' in order ? this.#texts : this.#calls;
      taken.push({ atMs: world.clock.elapsed(), spec, rows: toldWith(idIn(order)), isUnsure: behaviour.kind !== 'accept' });
    }
    return behaviour;
  }

  #rings(ring: Ring): CallBehaviour {
    const { world, providers, areAnswered } = this.#ports;
    const ordered = this.#calls[world.telephony.rings.indexOf(ring)] as Ordered;
    const { spec, rows } = ordered;
    const random = world.random(`call ${ring.sid}`);
    if (providers.behaviourOf(spec.id) === 'loses') {
      this.#lost(ordered);
      return { picksUp: pick(random, ['nobody', 'busy', 'unreachable']) };
    }
    const isMachine = happens(random, 0.2);
    const keys = !isMachine && areAnswered ? pick<readonly string[]>(random, [['1'], ['', '1'], ['9', '1'], ['5'], ['2'], [], []]) : [];
    this.#underWay.set(ring, keys.includes('1') ? this.#acknowledging(rows, `presses ${keys.join(' ')}`, spec) : () => {});
    return { picksUp: isMachine ? 'machine' : 'human', keys };
  }

  #arrives(text: SentText): TextBehaviour {
    const { world, providers, areAnswered } = this.#ports;
    const ordered = this.#texts[world.telephony.texts.indexOf(text)] as Ordered;
    const random = world.random(`text ${text.sid}`);
    if (providers.behaviourOf(ordered.spec.id) === 'loses') {
      this.#lost(ordered);
      return { status: 'undelivered', errorCode: pick(random, [30003, 30005]) };
    }
    this.#took(ordered);
    const code = /Reply a (\d+) /.exec(text.body)?.[1];
    const reply = pick(random, [`a ${code}`, `e ${code}`, 'what?', null, null]);
    if (code !== undefined && areAnswered && reply !== null)
      world.clock.after((20_000 + 100_000 * random.next()) as DurationMs, () => this.#reply(text, ordered, reply));
    return { status: happens(random, 0.8) ? 'delivered' : 'sent' };
  }

  #reply({ to }: SentText, { rows, spec }: Ordered, body: string): void {
    const { world } = this.#ports;
    const settle = body.startsWith('a ') ? this.#acknowledging(rows, `replies "${body}"`, spec) : () => {};
    void world.telephony
      .reply(TEXTS_URL, { from: to, to: TWILIO_NUMBER, body })
      .then((answer) => settle(answer?.startsWith('Acknowledged') === true));
  }

  /** Of several it is not known which of them were still there to look after. */
  #acknowledging(rows: readonly Answerable[], how: string, { id }: IntegrationSpec): (isDone: boolean) => void {
    const { acknowledging, tell } = this.#ports;
    tell(`${id} ${how}, told of ${rows.map(({ groupKey }) => groupKey).join(', ')}`);
    const settlers = rows.map(acknowledging);
    return (isDone) => {
      for (const settle of settlers) settle(!isDone ? 'refused' : settlers.length > 1 ? 'elsewhere' : 'done');
    };
  }

  /** Nobody is woken again to hear of an end: one that was called or texted in vain counts as told. */
  #lost(ordered: Ordered): void {
    const rows = ordered.rows.filter(({ resolved }) => resolved.length > 0).map((row) => ({ ...row, firing: [] }));
    this.#took({ ...ordered, rows, isUnsure: true });
  }

  #took({ atMs, spec, rows, isUnsure }: Ordered): void {
    const { providers, unsureSince } = this.#ports;
    for (const { id, groupKey, firing, resolved } of rows)
      providers.take({
        integration: spec,
        id,
        groupKey,
        firing,
        resolved,
        endsGroup: false,
        isUnsure: isUnsure || unsureSince() >= atMs,
      });
  }
}

/** The notification whose token is in the address that is called back: its bytes are the first of the token. */
function idIn(order: CallOrder | TextOrder): string {
  const url = 'body' in order ? order.statusCallback : order.script.kind === 'fetched' ? order.script.url : null;
  const token = /\/twilio\/([^/]+)\//.exec(url ?? '')?.[1] ?? '';
  const hex = Buffer.from(token, 'base64url').subarray(0, 16).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const refused = (httpStatus: number, code: number | null, message: string): TwilioBehaviour => ({
  kind: 'refused',
  httpStatus,
  code,
  message,
});

const DOES: Readonly<Record<ProviderBehaviour, TwilioBehaviour>> = {
  ok: { kind: 'accept' },
  slow: { kind: 'accept' },
  loses: { kind: 'accept' },
  unavailable: refused(503, null, 'down for maintenance'),
  refuses: refused(400, 21211, 'Invalid To number'),
  limits: refused(429, 20429, 'Too Many Requests'),
  hangs: { kind: 'hang', taken: false },
  takes_silently: { kind: 'hang', taken: true },
  takes_and_resets: { kind: 'break', taken: true },
};
