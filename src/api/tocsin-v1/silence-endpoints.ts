/**
 * Silences: listed, made, changed, ended, and tried out before they are made. The same silences as those of Alertmanager's
 * API, which can see and end all that are made here.
 */
import { z } from '@hono/zod-openapi';
import type { MatcherRow, SilenceId, SilenceRow } from '../../alerts/router-state.ts';
import type { AlertView } from '../../alerts/router-view.ts';
import { matchesSets, type SilenceState, silenceState, storedSets } from '../../alerts/silence.ts';
import type { SilencePreview } from '../../alerts/silence-preview.ts';
import type { PostedSilence } from '../../alerts/silences.ts';
import { sha256 } from '../../lib/sha256.ts';
import { parseDuration } from '../../model/duration.ts';
import { uuid } from '../../model/random.ts';
import { addMs, type UnixMs } from '../../model/time.ts';
import { type CallerEnv, callerName } from '../caller.ts';
import type { SilenceBackend } from './backend.ts';
import { cursorOf } from './cursor.ts';
import { Answered, type Endpoints } from './endpoints.ts';
import {
  choiceParameter,
  cursorParameter,
  instant,
  iso,
  labelRecord,
  labelsParameter,
  limitParameter,
  next,
  textParameter,
  time,
} from './parameters.ts';
import { ProblemError } from './problem.ts';

const SILENCES = { list: 's', usual: 100, max: 1000 };
/** Of alerts, groups and notifications in a preview; the counts are of all. */
const PREVIEW_SHOWN_MAX = 100;
const MATCHERS_MAX = 100;
const TEXT_MAX = 10_000;
const KEY_MAX = 255;
const STATES = ['active', 'pending', 'expired'] as const satisfies readonly SilenceState[];

const matcherSchema = z
  .strictObject({
    name: z.string().min(1, 'must not be empty').max(TEXT_MAX).openapi({ example: 'alertname' }),
    op: z.enum(['=', '!=', '=~', '!~'], { error: 'must be one of =, !=, =~, !~' }).openapi({ example: '=' }),
    value: z.string().max(TEXT_MAX).openapi({ example: 'HighLatency' }),
  })
  .openapi('Matcher', { description: 'Regular expressions are RE2 and match the whole value. An absent label has the value "".' });

const matchers = z
  .array(matcherSchema)
  .min(1, 'must have at least one matcher')
  .max(MATCHERS_MAX, `must have at most ${MATCHERS_MAX} matchers`)
  .openapi({ description: 'All must match the labels of an alert.' });

const duration = z
  .string()
  .transform((text, context) => {
    const length = parseDuration(text);
    if (typeof length === 'number' && length > 0) return length;
    context.addIssue({ code: 'custom', message: `must be a length such as 2h or 1d12h, not "${text}"` });
    return z.NEVER;
  })
  .openapi({ type: 'string', example: '2h' });

const postedSchema = z
  .strictObject({
    matchers,
    startsAt: instant('When it begins; by default now.').optional(),
    endsAt: instant('When it ends. Either this or `duration`.').optional(),
    duration: duration.optional().openapi({ description: 'How long it lasts. Either this or `endsAt`.' }),
    comment: z.string().trim().min(1, 'must say why').max(TEXT_MAX).openapi({ description: 'Why.', example: 'disk swap' }),
    createdBy: z
      .string()
      .max(TEXT_MAX)
      .optional()
      .openapi({ description: 'By default the user that authentication knows, or else the address that asks.', example: 'ana' }),
    annotations: z.record(z.string(), z.string()).optional().openapi({ description: 'Free texts, such as a ticket.' }),
  })
  .openapi('NewSilence');

const silenceSchema = z
  .object({
    id: z.string(),
    state: z.enum(STATES),
    matcherSets: z
      .array(z.array(matcherSchema))
      .openapi({ description: 'All matchers of one set must match. What is made here has one set.' }),
    startsAt: time,
    endsAt: time,
    updatedAt: time,
    createdBy: z.string(),
    comment: z.string(),
    annotations: z.record(z.string(), z.string()),
  })
  .openapi('Silence');

const previewSchema = z
  .object({
    alertCount: z.number().int().openapi({ description: 'Alerts that it would hold back now.' }),
    alertsInAll: z.number().int().openapi({ description: 'Of this many that there are.' }),
    alerts: z
      .array(
        z.object({
          fingerprint: z.string(),
          labels: labelRecord,
          startsAt: time,
          state: z.enum(['active', 'suppressed']),
          receivers: z.array(z.string()),
        }),
      )
      .openapi({ description: `The first ${PREVIEW_SHOWN_MAX}. \`suppressed\`: held back already by something else.` }),
    quietGroupCount: z.number().int(),
    quietGroups: z
      .array(z.object({ groupKey: z.string(), receiver: z.string(), labels: labelRecord, alertCount: z.number().int() }))
      .openapi({ description: `Groups that would no longer notify of anything; the first ${PREVIEW_SHOWN_MAX}.` }),
    cancelledCount: z.number().int(),
    cancelled: z
      .array(z.object({ id: z.string(), receiver: z.string(), integration: z.string(), groupKey: z.string(), createdAt: time }))
      .openapi({ description: `Notifications that wait for an attempt and would be given up; the first ${PREVIEW_SHOWN_MAX}.` }),
    warnings: z.array(z.string()).openapi({ description: 'What is unusual about it.' }),
  })
  .openapi('SilencePreview');

const idParameter = { id: z.string().openapi({ description: '`id` of a silence.' }) };
const NOT_FOUND = { 404: 'There is no such silence, or it was forgotten.' };

export function addSilences(endpoints: Endpoints, backend: SilenceBackend): void {
  const found = (id: string): SilenceRow => {
    const row = backend.get(id as SilenceId);
    if (row === null) throw new ProblemError(404, `there is no silence ${id}; it may have been forgotten some time after its end`);
    return row;
  };
  const put = async (silence: PostedSilence): Promise<{ readonly row: SilenceRow; readonly isNew: boolean }> => {
    const result = await backend.put(silence);
    if (result.kind !== 'refused') return { row: result.row, isNew: true };
    // The same request was quicker on another connection.
    if (result.reason === 'exists' && silence.newId !== undefined) return { row: found(silence.newId), isNew: false };
    throw new ProblemError(result.reason === 'not_found' ? 404 : result.reason === 'limit' ? 409 : 400, result.message);
  };

  endpoints.add(
    {
      method: 'get',
      path: '/silences',
      tag: 'silences',
      summary: 'Silences',
      description: 'Newest change first. Ended ones are listed until they are forgotten (--data.retention).',
      query: {
        state: choiceParameter(STATES, 'In this state.'),
        createdBy: textParameter('Made by exactly this one.', 'ana'),
        labels: labelsParameter('That match an alert with exactly these labels.'),
        limit: limitParameter(SILENCES),
        cursor: cursorParameter(SILENCES.list),
      },
      answer: z.object({ silences: z.array(silenceSchema), next }),
    },
    ({ query: { state, createdBy, labels, limit, cursor } }) => {
      const wanted = backend
        .list({ filter: [], states: state === undefined ? STATES : [state] })
        .filter((row) => createdBy === undefined || row.createdBy === createdBy)
        .filter((row) => labels === undefined || matchesSets(storedSets(row.matcherSets), labels))
        .toSorted(byChange);
      const behind = cursor === undefined ? wanted : wanted.filter((row) => byChange(row, { updatedAt: cursor.at, id: cursor.id }) > 0);
      const shown = behind.slice(0, limit);
      const last = shown.at(-1);
      const more = behind.length > limit && last !== undefined;
      const now = backend.now();
      return {
        silences: shown.map((row) => silenceJson(row, now)),
        next: more ? cursorOf(SILENCES.list, { at: last.updatedAt, id: last.id }) : null,
      };
    },
  );

  endpoints.add(
    {
      method: 'post',
      path: '/silences',
      tag: 'silences',
      summary: 'Makes a silence',
      description:
        'It is on disk when this is answered. With the header Idempotency-Key, a request that is sent again makes no second silence: it gets the one that the first made.',
      headers: {
        'idempotency-key': z
          .string()
          .min(1)
          .max(KEY_MAX, `must have at most ${KEY_MAX} characters`)
          .optional()
          .openapi({ description: 'Any text of your own, another one for each silence.', example: 'deploy-4711' }),
      },
      body: postedSchema,
      answer: silenceSchema,
      answers: { 201: 'Made.', 200: 'Made before, by a request with the same Idempotency-Key.' },
      problems: {
        409: 'There are as many silences as --silences.max-silences allows, or it is too large.',
        422: 'The Idempotency-Key was used for a silence with other matchers.',
      },
    },
    async ({ body, headers: { 'idempotency-key': key }, context }) => {
      const posted = postedOf(body, null, context.env, backend.now());
      const newId = key === undefined ? null : idOfKey(key, context.env.user);
      const made = newId === null ? null : backend.get(newId);
      const { row, isNew } = made === null ? await put(newId === null ? posted : { ...posted, newId }) : { row: made, isNew: false };
      if (JSON.stringify(row.matcherSets) !== JSON.stringify(posted.matcherSets))
        throw new ProblemError(
          422,
          `this Idempotency-Key has made silence ${row.id}, which has other matchers: use another key for another silence`,
        );
      return new Answered(silenceJson(row, backend.now()), isNew ? 201 : 200);
    },
  );

  endpoints.add(
    {
      method: 'post',
      path: '/silences/preview',
      tag: 'silences',
      summary: 'What a silence would do, without making it',
      description: 'As of now: which alerts it would hold back, which groups would fall quiet, which notifications would be given up.',
      body: z.strictObject({ matchers }),
      answer: previewSchema,
    },
    ({ body }) => {
      const preview = backend.preview([rowsOf(body.matchers)]);
      if ('error' in preview) throw new ProblemError(400, `matchers: ${preview.error}`);
      return previewJson(preview);
    },
  );

  endpoints.add(
    {
      method: 'get',
      path: '/silences/{id}',
      tag: 'silences',
      summary: 'One silence',
      description: 'An ended one is there until it is forgotten.',
      params: idParameter,
      answer: silenceSchema,
      problems: NOT_FOUND,
    },
    ({ params: { id } }) => silenceJson(found(id), backend.now()),
  );

  endpoints.add(
    {
      method: 'put',
      path: '/silences/{id}',
      tag: 'silences',
      summary: 'Changes a silence',
      description:
        'Comment and end of one that has not ended change in place. Another change, such as other matchers, would rewrite what has been: it ends the silence and makes a new one, whose id is in the answer.',
      params: idParameter,
      body: postedSchema,
      answer: silenceSchema,
      problems: { ...NOT_FOUND, 409: 'There are as many silences as --silences.max-silences allows, or it is too large.' },
    },
    async ({ params: { id }, body, context }) => {
      const old = found(id);
      // Without a start of its own the change keeps the old one, or it would always make a new silence.
      const startsAt = body.startsAt ?? (silenceState(old, backend.now()) === 'expired' ? undefined : old.startsAt);
      const { row } = await put(postedOf({ ...body, ...(startsAt !== undefined && { startsAt }) }, old.id, context.env, backend.now()));
      return silenceJson(row, backend.now());
    },
  );

  endpoints.add(
    {
      method: 'delete',
      path: '/silences/{id}',
      tag: 'silences',
      summary: 'Ends a silence',
      description: 'Now. One that has ended stays as it is: ending it again is no error.',
      params: idParameter,
      answer: null,
      problems: NOT_FOUND,
    },
    async ({ params: { id }, context }) => {
      found(id);
      await backend.expire(id as SilenceId, callerName(context.env));
      return undefined;
    },
  );
}

function postedOf(
  { matchers: given, startsAt, endsAt, duration: lengthMs, comment, createdBy, annotations = {} }: z.output<typeof postedSchema>,
  id: SilenceId | null,
  caller: CallerEnv['Bindings'],
  now: UnixMs,
): PostedSilence {
  if ((endsAt === undefined) === (lengthMs === undefined)) throw new ProblemError(400, 'give either endsAt or duration');
  const end = endsAt ?? (lengthMs === undefined ? now : addMs(startsAt ?? now, lengthMs));
  if (end < now) throw new ProblemError(400, `the silence would end at ${iso(end)}, which has passed`);
  if (startsAt !== undefined && startsAt >= end) throw new ProblemError(400, 'startsAt must be before the end');
  return {
    id,
    matcherSets: [rowsOf(given)],
    startsAt: startsAt ?? null,
    endsAt: end,
    createdBy: createdBy ?? callerName(caller),
    comment,
    annotations,
  };
}

const rowsOf = (given: z.output<typeof matchers>): readonly MatcherRow[] => given.map(({ name, op, value }) => ({ name, op, value }));

/** One silence for one key of one user, whatever process or boot is asked: the id is made of the key. */
function idOfKey(key: string, user: string | null): SilenceId {
  const digest = sha256(new TextEncoder().encode(JSON.stringify(['silence', user, key])));
  return uuid({ bytes: (length) => digest.slice(0, length) }) as SilenceId;
}

const byChange = (
  a: Pick<SilenceRow, 'updatedAt'> & { readonly id: string },
  b: Pick<SilenceRow, 'updatedAt'> & { readonly id: string },
): number => b.updatedAt - a.updatedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

function silenceJson(row: SilenceRow, now: UnixMs): z.input<typeof silenceSchema> {
  const { id, matcherSets, startsAt, endsAt, updatedAt, createdBy, comment, annotations } = row;
  return {
    id,
    state: silenceState(row, now),
    matcherSets: matcherSets.map((set) => set.map(({ name, op, value }) => ({ name, op, value }))),
    startsAt: iso(startsAt),
    endsAt: iso(endsAt),
    updatedAt: iso(updatedAt),
    createdBy,
    comment,
    annotations: { ...annotations },
  };
}

function previewJson(preview: SilencePreview): z.input<typeof previewSchema> {
  const { alerts, alertsInAll, quietGroups, cancelled } = preview;
  return {
    alertCount: alerts.length,
    alertsInAll,
    alerts: alerts.slice(0, PREVIEW_SHOWN_MAX).map(alertJson),
    quietGroupCount: quietGroups.length,
    quietGroups: quietGroups.slice(0, PREVIEW_SHOWN_MAX).map(({ groupKey, receiver, labels, alerts: members }) => ({
      groupKey,
      receiver,
      labels: labels.toRecord(),
      alertCount: members.length,
    })),
    cancelledCount: cancelled.length,
    cancelled: cancelled
      .slice(0, PREVIEW_SHOWN_MAX)
      .map(({ id, receiver, integration, groupKey, createdAt }) => ({ id, receiver, integration, groupKey, createdAt: iso(createdAt) })),
    warnings: warningsOf(preview),
  };
}

function warningsOf({ alerts, alertsInAll }: SilencePreview): string[] {
  if (alerts.length === 0)
    return ['it matches no alert that there is now: check the spelling of names and values, unless it is for what is to come'];
  if (alerts.length < alertsInAll || alertsInAll === 1) return [];
  return [`it matches every one of the ${alertsInAll} alerts that there are now: nobody would hear of anything`];
}

const alertJson = ({ alert, state, receivers }: AlertView): z.input<typeof previewSchema>['alerts'][number] => ({
  fingerprint: alert.fingerprint,
  labels: alert.labels.toRecord(),
  startsAt: iso(alert.startsAt),
  state,
  receivers: [...receivers],
});
