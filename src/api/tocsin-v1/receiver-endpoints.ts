/** What a receiver would send, and whether it can: its integrations tried with an alert that is made for it. */
import { z } from '@hono/zod-openapi';
import { isUtf8LabelName } from '../../model/labels.ts';
import type { ReceiversBackend } from './backend.ts';
import type { Endpoints } from './endpoints.ts';
import { ProblemError } from './problem.ts';
import type { ReceiverTest } from './receiver-test.ts';

const NOT_TEXTS = 'must be an object of texts such as {"severity": "critical"}';

/** Not z.record, which passes over a label called __proto__. */
const texts = (description: string) =>
  z
    .custom<Readonly<Record<string, string>>>(isTexts, NOT_TEXTS)
    .default({})
    .openapi({ type: 'object', additionalProperties: { type: 'string' }, description });

const askedSchema = z
  .strictObject({
    send: z.boolean().default(false).openapi({ description: 'By default providers are pretended to, and nothing leaves.' }),
    resolved: z.boolean().default(false).openapi({ description: 'Of an alert that is over.' }),
    labels: texts('Over those that the alert has anyway.'),
    annotations: texts('Over those that the alert has anyway.'),
  })
  .openapi('ReceiverTestAsked');

const messageHeaders = z.array(z.array(z.string())).openapi({ description: 'Names and values, secrets masked.' });

const messageSchema = z.union([
  z.object({
    kind: z.literal('http'),
    method: z.string(),
    url: z.string(),
    headers: messageHeaders,
    body: z.string(),
    answer: z
      .union([z.object({ status: z.number().int(), body: z.string() }), z.object({ error: z.string() })])
      .nullable()
      .openapi({ description: 'Null where it was not sent.' }),
  }),
  z.object({ kind: z.literal('mail'), server: z.string(), headers: messageHeaders, text: z.string(), html: z.string() }),
  z
    .object({ kind: z.enum(['call', 'text']), from: z.string(), to: z.string(), text: z.string() })
    .openapi({ description: 'What is spoken is TwiML.' }),
  z.object({ kind: z.literal('inbox'), subject: z.string(), text: z.string(), html: z.string() }),
]);

const testSchema = z
  .object({
    receiver: z.string(),
    integrations: z.array(
      z.object({
        integration: z.string().openapi({ example: 'slack[0]' }),
        messages: z.array(messageSchema),
        outcome: z.union([
          z.object({ kind: z.literal('made'), note: z.string().openapi({ description: 'Such as a template that failed.' }) }),
          z.object({ kind: z.literal('accepted'), answer: z.string() }),
          z.object({ kind: z.enum(['rejected', 'unknown']), message: z.string() }),
        ]),
      }),
    ),
  })
  .openapi('ReceiverTest');

export function addReceiverTest(endpoints: Endpoints, backend: ReceiversBackend): void {
  endpoints.add(
    {
      method: 'post',
      path: '/receivers/{name}/test',
      tag: 'routing',
      summary: 'Tries a receiver',
      description:
        'Makes what each of its integrations would send for an alert, and with `send` sends it. Nothing in the answer is secret.',
      params: { name: z.string().openapi({ description: '`name` of a receiver.' }) },
      body: askedSchema,
      isBodyOptional: true,
      answer: testSchema,
      problems: { 404: 'There is no such receiver.' },
    },
    async ({ params: { name }, body: { send, resolved, labels, annotations } }) => {
      const test = await backend.test(name, { send, isResolved: resolved, labels, annotations });
      if ('error' in test) throw new ProblemError(404, test.error);
      return testJson(test);
    },
  );
}

/** As it is; only that the schema's lists are not read-only. */
const testJson = (test: ReceiverTest): z.input<typeof testSchema> => test as z.input<typeof testSchema>;

function isTexts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(([name, text]) => isUtf8LabelName(name) && typeof text === 'string');
}
