/** Why somebody was paged, or was not (explanation.ts). */
import { z } from '@hono/zod-openapi';
import { parseAlertSelector } from '../../alerts/matcher-text.ts';
import { goQuote } from '../../lib/go-quote.ts';
import type { Labels } from '../../model/labels.ts';
import type { ExplainBackend, ExplainSubject } from './backend.ts';
import type { Endpoints } from './endpoints.ts';
import type { Explanation, ExplanationStage } from './explanation.ts';
import { labelRecord, labelsParameter, textParameter, time, timeParameter } from './parameters.ts';
import { ProblemError } from './problem.ts';

const stageSchema: z.ZodType<ExplanationStage> = z
  .object({
    stage: z.enum(['sample', 'ingest', 'route', 'group', 'inhibit', 'silence', 'mute', 'dedup', 'deliver']),
    verdict: z.enum(['passed', 'stopped', 'waiting', 'unknown']),
    reason: z.string(),
    at: time.nullable().openapi({ description: 'Since when, or when it was decided.' }),
    details: z.array(z.string()).readonly(),
    stages: z
      .array(z.lazy(() => stageSchema))
      .readonly()
      .openapi({ description: 'What happens within a group.' }),
  })
  .openapi('ExplanationStage');

const explanationSchema = z
  .object({
    subject: labelRecord,
    subjectKind: z.enum(['alert', 'rule', 'hypothetical']).openapi({
      description: 'Whether there is an alert with these labels, a rule of that name, or they were only asked for.',
    }),
    at: time,
    cause: z.string().openapi({ description: 'The verdict as a word for programs.', example: 'silenced' }),
    verdict: z.string().openapi({ description: 'The cause in one line.' }),
    notes: z.array(z.string()).readonly().openapi({ description: 'What limits this answer.' }),
    stages: z.array(stageSchema).readonly(),
    others: z.array(labelRecord).readonly().openapi({ description: 'Further alerts that the query matches.' }),
  })
  .openapi('Explanation');

export function addExplain(endpoints: Endpoints, backend: ExplainBackend): void {
  endpoints.add(
    {
      method: 'get',
      path: '/explain',
      tag: 'explain',
      summary: 'Why an alert was or was not sent',
      description:
        "One tree from the sample to the provider's answer, now or at an instant that has passed. Give either `query` or `labels`.",
      query: {
        query: textParameter('An alert, with matchers where there are several.', 'HighLatency{svc="x"}'),
        labels: labelsParameter('The alert with exactly these labels.'),
        at: timeParameter('As of then; by default now.'),
      },
      answer: explanationSchema,
    },
    async ({ query: { query, labels, at } }): Promise<Explanation> => backend.explain(subjectOf(query, labels), at ?? null),
  );
}

function subjectOf(query: string | undefined, labels: Labels | undefined): ExplainSubject {
  if (labels !== undefined && query === undefined) return { kind: 'labels', labels };
  if (query === undefined || labels !== undefined)
    throw new ProblemError(400, 'give either labels, a JSON object of a whole label set, or query, such as HighLatency{svc="x"}');
  const matchers = parseAlertSelector(query);
  if ('error' in matchers) throw new ProblemError(400, `query ${goQuote(query)} cannot be read: ${matchers.error}`);
  return { kind: 'matchers', matchers };
}
