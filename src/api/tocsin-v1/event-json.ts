/** Events as our own API shows them: each with a sentence for people beside the words for programs. */
import { z } from '@hono/zod-openapi';
import type { EventCode } from '../../alerts/event.ts';
import type { StoredEvent } from '../../db/event-repository.ts';
import { iso, time } from './parameters.ts';

/** Of the log, in the order in which an alert passes them. */
export const STAGES = [
  'ingest',
  'resolve',
  'group',
  'inhibit',
  'silence',
  'mute',
  'dedup',
  'deliver',
  'fallback',
  'action',
  'silenced',
] as const satisfies readonly EventCode['stage'][];

export const eventSchema = z
  .object({
    id: z.number().int().openapi({ description: 'Grows from event to event; what Last-Event-ID of the stream goes by.' }),
    at: time,
    fingerprint: z.string().nullable().openapi({ description: 'The alert that it is about; null: a whole group, or a silence.' }),
    groupKey: z.string().nullable(),
    stage: z.string().openapi({ description: 'Where on the way from alert to receiver.', example: 'dedup' }),
    verdict: z.string().openapi({ description: 'What was decided there.', example: 'notify' }),
    reason: z.string().openapi({ description: 'Why, as a word for programs.', example: 'first notification' }),
    text: z.string().openapi({ description: 'The same for people.', example: 'mail 0 of receiver team is notified: first notification' }),
    detail: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: 'Further facts, such as receiver, integration (name, index), outboxId, by, error.' }),
    configHash: z
      .string()
      .openapi({ description: 'First digits of the hash of the configuration that was in force; empty where none was.' }),
  })
  .openapi('Event');

export function eventJson({ at, ...event }: StoredEvent): z.input<typeof eventSchema> {
  return { ...event, at: iso(at), detail: event.detail === null ? null : { ...event.detail }, text: eventText(event) };
}

/** What happened, in a sentence. */
function eventText({ stage, verdict, reason, detail }: Pick<StoredEvent, 'stage' | 'verdict' | 'reason' | 'detail'>): string {
  const word = (name: string): string => {
    const value = detail?.[name] ?? null;
    return value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value);
  };
  const integration = `${word('name')} ${word('index')} of receiver ${word('receiver')}`;
  switch (`${stage} ${verdict}`) {
    case 'ingest stored':
      return reason === 'new' ? 'the alert fires' : 'the alert fires again';
    case 'ingest dropped':
      return `the alert is dropped: too many alerts named ${word('alertname')}`;
    case 'resolve resolved':
      return `the alert is over: ${RESOLVES[reason] ?? reason}`;
    case 'group joined':
      return 'the alert joins the group';
    case 'group left':
      return `the alert leaves the group: ${reason.replaceAll('_', ' ')}`;
    case 'inhibit suppressed':
      return `held back: inhibited by ${word('by')}${word('rule') === '' ? '' : ` (rule ${word('rule')})`}`;
    case 'inhibit released':
      return 'no longer inhibited';
    case 'silence suppressed':
      return `held back: silenced by ${word('by')}`;
    case 'silence released':
      return 'no longer silenced';
    case 'mute suppressed':
      return `the group is held back: ${reason === 'mute_time_interval' ? 'within' : 'outside of'} time interval ${word('by')}`;
    case 'mute released':
      return 'the group is no longer held back by a time interval';
    case 'dedup notify':
      return `${integration} is notified: ${reason}`;
    case 'dedup skip':
      return `${integration} is not notified: ${reason.replaceAll('_', ' ')}`;
    case 'deliver accepted':
      return `${integration} took the notification`;
    case 'deliver rejected':
      return `${integration} did not take the notification, and is asked again: ${word('error')}`;
    case 'deliver unknown':
      return `whether ${integration} took the notification is not known, and it is asked again: ${word('error')}`;
    case 'deliver failed':
      return `the notification to ${integration} is given up: ${word('error') || reason}`;
    case 'deliver cancelled':
      return `the notification to ${integration} is cancelled: ${reason.replaceAll('_', ' ')}`;
    case 'deliver confirmed':
      return `${integration} reports that the notification arrived`;
    case 'deliver lost':
      return `${integration} reports that the notification did not arrive: ${word('error')}`;
    case 'fallback begun':
      return `receiver ${word('fallback')} is told in the place of ${integration}: ${reason.replaceAll('_', ' ')}`;
    case 'fallback over':
      return `receiver ${word('fallback')} is no longer told in the place of another`;
    case 'fallback undelivered':
      return `nobody took the notification to ${integration}, nor anything in its place`;
    case 'action acknowledged':
      return `${word('by')} acknowledged the group`;
    case 'action escalated':
      return `${word('by')} asked for somebody else`;
    case 'action silenced':
      return `${word('by')} silenced the alerts of the group: ${word('silenceIds')}`;
    case 'action acknowledgement_over':
      return `the acknowledgement of ${word('by')} is over: ${reason.replaceAll('_', ' ')}`;
    case 'silenced created':
    case 'silenced updated':
    case 'silenced expired':
      if (reason === 'import') return `silence ${word('silenceId')} of ${word('by')} was imported`;
      return `silence ${word('silenceId')} was ${verdict === 'expired' ? 'ended' : verdict} by ${word('by')}`;
    default:
      return `${stage}: ${verdict} (${reason.replaceAll('_', ' ')})`;
  }
}

const RESOLVES: Readonly<Record<string, string>> = {
  condition_false: 'its condition is no longer true',
  data_missing: 'its data went missing',
  rule_removed: 'its rule was removed',
  sender_resolved: 'its sender resolved it',
  sender_silent: 'its sender did not send it again',
};
