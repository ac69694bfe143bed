/**
 * What people text back. A number that was never texted is a stranger and hears nothing: each answer costs money, and
 * strangers could spend it. STOP, START and HELP are the provider's to answer; they are noted. Replies that mean nothing
 * are answered five times, until one does. The answers are short, in one segment.
 */
import { type ActionResult, ANSWERABLE_MS, type NotificationActions } from '../../alerts/notification-action.ts';
import type { OutboxId } from '../../alerts/router-state.ts';
import type { TelephoneRepository } from '../../db/telephone-repository.ts';
import type { Clock } from '../../model/clock.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Log } from '../../model/log.ts';
import { unixMs } from '../../model/time.ts';
import type { ReaderAction } from '../../notify/reader-action.ts';
import { parseReply } from '../../notify/sms/reply.ts';
import { sendable } from '../../notify/sms/segments.ts';
import type { TelephoneDesk } from './telephone-desk.ts';

const MISUNDERSTOOD_MAX = 5;

export type ReplyPorts = {
  readonly clock: Clock;
  readonly log: Log;
  readonly telephones: TelephoneRepository;
  readonly desk: Pick<TelephoneDesk, 'heard' | 'dealtWith'>;
  readonly actions: NotificationActions;
};

/** The answer; null: none. */
export async function answerText(ports: ReplyPorts, from: string, body: string): Promise<string | null> {
  const answer = await actedOn(ports, from, body);
  // Whoever wants no texts gets none, not even this one.
  return (await ports.telephones.telephone(from))?.optedOutAt === null ? answer : null;
}

async function actedOn(ports: ReplyPorts, from: string, body: string): Promise<string | null> {
  const { clock, telephones } = ports;
  const now = clock.now();
  const known = await telephones.telephone(from);
  if (known === null) return null;
  const reply = parseReply(body);
  switch (reply.kind) {
    case 'stop':
    case 'start':
      await telephones.saveTelephone(from, { ...known, optedOutAt: reply.kind === 'stop' ? now : null });
      return null;
    case 'help':
      return null;
    case 'not_understood':
    case 'act':
      break;
  }
  const texts = reply.kind === 'act' ? await telephones.answerable(from, reply.code, unixMs(now - ANSWERABLE_MS)) : ([] as const);
  if (reply.kind !== 'act' || texts.length === 0) {
    if (known.misunderstood >= MISUNDERSTOOD_MAX) return null;
    await telephones.saveTelephone(from, { ...known, misunderstood: known.misunderstood + 1 });
    if (reply.kind !== 'act')
      return 'Not understood. Reply a, e or s and the number in the text: a 12 acknowledges, e 12 escalates, s 12 1h silences.';
    return reply.code === null
      ? 'Nothing was sent to this number lately.'
      : `Nothing with the number ${reply.code} was sent to this telephone lately.`;
  }
  if (known.misunderstood > 0) await telephones.saveTelephone(from, { ...known, misunderstood: 0 });
  const ids = texts.map(({ id }) => id);
  const codes = texts.map(({ code }) => code).filter((code) => code !== null);
  let result: ActionResult;
  try {
    result = await actOnAll(ports.actions, ids, reply.action, from);
  } catch (error) {
    ports.log.error('a reply could not be acted on', { error: error instanceof Error ? error.message : String(error) });
    return 'Nothing was done, because of an error. It is still yours; try again.';
  }
  await ports.desk.heard(ids, `answered from ${from}`);
  if (result.kind !== 'nobody' && result.kind !== 'unknown') await ports.desk.dealtWith(ids);
  return sendable(answerTo(reply.action, result, codes.length === 0 ? '' : ` ${codes.join(', ')}`, now, from));
}

/** What counts of several: that something was done, else the first answer. */
export async function actOnAll(
  actions: NotificationActions,
  ids: readonly OutboxId[],
  action: ReaderAction,
  by: string,
): Promise<ActionResult> {
  const results: ActionResult[] = [];
  for (const id of ids) results.push(await actions.act(id, action, by));
  return results.find(({ kind }) => kind === 'done') ?? results[0] ?? { kind: 'unknown' };
}

const DONE: Readonly<Record<ReaderAction['kind'], string>> = {
  acknowledge: 'Acknowledged',
  escalate: 'Escalated',
  silence: 'Silenced',
};

function answerTo(action: ReaderAction, result: ActionResult, what: string, now: number, from: string): string {
  switch (result.kind) {
    case 'done':
      return `${DONE[action.kind]}${what}${action.kind === 'silence' ? ` for ${formatDuration(action.durationMs)}` : ''}.`;
    case 'already': {
      const minutes = Math.round((now - result.at) / 60_000);
      return `Already ${DONE[action.kind].toLowerCase()}${what}${result.by === from ? '' : ` by ${result.by}`}, ${minutes < 1 ? 'just now' : `${minutes} min ago`}.`;
    }
    case 'over':
      return `Nothing of${what === '' ? ' it' : what} fires any more.`;
    case 'nobody':
      return `There is nobody to escalate${what} to.`;
    case 'unknown':
      return `This${what} is too old to be answered.`;
  }
}
