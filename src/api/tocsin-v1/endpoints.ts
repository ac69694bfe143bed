/**
 * Endpoints of our own API: what each takes and gives is said once, as zod schemas, which check the request and become the
 * OpenAPI document. Whatever is wrong with a request is answered as one problem that names every mistake with its place;
 * unlike in the APIs that we keep for others, a parameter or field that nobody knows is one: a filter with a typing error
 * would quietly show everything.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { goQuote } from '../../lib/go-quote.ts';
import type { CallerEnv } from '../caller.ts';
import { ProblemError, type ProblemPart, problem } from './problem.ts';

type Fields = Readonly<Record<string, z.ZodType>>;
type Read<F extends Fields> = { readonly [K in keyof F]: z.output<F[K]> };

type Endpoint<Query extends Fields, Params extends Fields, Headers extends Fields, Body extends z.ZodType, Answer extends z.ZodType> = {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With parameters in braces, relative to the API. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Parameters of the URL; others are refused. */
  readonly query?: Query;
  readonly params?: Params;
  readonly headers?: Headers;
  readonly body?: Body;
  /** Whether the body may be left out, which then counts as an empty object. */
  readonly isBodyOptional?: boolean;
  /** What a success answers, by default with status 200; null: nothing (204). */
  readonly answer: Answer | null;
  /** Further statuses of a success, with what they mean. */
  readonly answers?: Readonly<Record<number, string>>;
  /** What can go wrong besides a request that cannot be read. */
  readonly problems?: Readonly<Record<number, string>>;
  /** Of the answer; JSON where it is left out. */
  readonly contentType?: string;
};

export type Asked<Query extends Fields, Params extends Fields, Headers extends Fields, Body extends z.ZodType> = {
  readonly query: Read<Query>;
  readonly params: Read<Params>;
  readonly headers: Read<Headers>;
  readonly body: z.output<Body>;
  readonly context: Context<CallerEnv>;
};

/** A success with another status than 200, or with headers. */
export class Answered<T> {
  readonly value: T;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(value: T, status: number, headers: Readonly<Record<string, string>> = {}) {
    this.value = value;
    this.status = status;
    this.headers = headers;
  }
}

const problemSchema = z
  .object({
    type: z.string().openapi({ example: 'about:blank' }),
    title: z.string().openapi({ description: 'The status in words.', example: 'Bad Request' }),
    status: z.number().int().openapi({ example: 400 }),
    detail: z.string().openapi({
      description: 'What is wrong, and how to put it right.',
      example: 'limit must be a number from 1 to 500, not "0"',
    }),
    errors: z
      .array(z.object({ where: z.string().openapi({ description: 'A parameter, or a pointer into the body.' }), detail: z.string() }))
      .optional(),
  })
  .openapi('Problem');

const INVALID = 'The request cannot be read: a parameter or field is missing, unknown, given twice or of the wrong form.';

export class Endpoints {
  readonly #app = new OpenAPIHono<CallerEnv>();
  readonly #methods = new Map<string, string[]>();

  add<
    Answer extends z.ZodType,
    Query extends Fields = Fields,
    Params extends Fields = Fields,
    Headers extends Fields = Fields,
    Body extends z.ZodType = z.ZodUnknown,
  >(
    endpoint: Endpoint<Query, Params, Headers, Body, Answer>,
    handle: (
      asked: Asked<Query, Params, Headers, Body>,
    ) => Promise<z.input<Answer> | Answered<z.input<Answer>> | Response> | z.input<Answer> | Answered<z.input<Answer>> | Response,
  ): void {
    const { method, path, tag, summary, description, query = {}, params, headers, body, answer, problems = {}, answers = {} } = endpoint;
    const shape = answer === null ? {} : { content: { [endpoint.contentType ?? 'application/json']: { schema: answer } } };
    const answered = Object.entries({ [answer === null ? 204 : 200]: 'Done.', ...answers });
    const refused = Object.entries({ 400: INVALID, ...problems });
    const route = createRoute({
      method,
      path,
      tags: [tag],
      summary,
      description,
      request: {
        query: z.strictObject(query),
        ...(params !== undefined && { params: z.object(params) }),
        ...(headers !== undefined && { headers: z.object(headers) }),
        ...(body !== undefined && {
          body: { content: { 'application/json': { schema: body } }, required: endpoint.isBodyOptional !== true },
        }),
      },
      responses: Object.fromEntries([
        ...answered.map(([status, text]) => [status, { description: text, ...shape }]),
        ...refused.map(([status, text]) => [
          status,
          { description: text, content: { 'application/problem+json': { schema: problemSchema } } },
        ]),
      ]),
    });
    this.#methods.set(path, [...(this.#methods.get(path) ?? []), method.toUpperCase()]);
    // Types of hono's own end here: what a handler is given and gives is checked against the endpoint's schemas above.
    const isLeftOut = ({ req }: Context): boolean => endpoint.isBodyOptional === true && req.header('content-type') === undefined;
    const respond = async (context: Context): Promise<Response> => {
      const asked = {
        query: context.req.valid('query' as never),
        params: context.req.valid('param' as never),
        headers: context.req.valid('header' as never),
        body: isLeftOut(context) ? body?.parse({}) : context.req.valid('json' as never),
        context,
      } as unknown as Asked<Query, Params, Headers, Body>;
      const given = await handle(asked);
      if (given instanceof Response) return given;
      const { value, status, headers: more } = given instanceof Answered ? given : new Answered(given, answer === null ? 204 : 200);
      if (answer === null) return new Response(null, { status, headers: { ...HEADERS, ...more } });
      return new Response(`${JSON.stringify(value)}\n`, { status, headers: { ...HEADERS, 'content-type': 'application/json', ...more } });
    };
    const refuse = ({ success, target, data, error }: Validated): Response | undefined => {
      if (success) return undefined;
      const parts = (error?.issues ?? []).flatMap((issue) => partsOf(issue, target, Object.keys(query), data));
      return problem(400, parts.map(({ where, detail }) => sentence(where, detail)).join('; '), parts);
    };
    this.#app.openapi(route, respond as never, refuse as never);
  }

  /** All of them as an app, with the document that describes them at /openapi.json; nothing can be added any more. */
  finish(about: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly url: string;
  }): OpenAPIHono<CallerEnv> {
    const app = this.#app;
    const { url, ...info } = about;
    let document: string | null = null;
    app.get('/openapi.json', () => {
      document ??= `${JSON.stringify(app.getOpenAPI31Document({ openapi: '3.1.0', info, servers: [{ url }] }))}\n`;
      return new Response(document, { headers: { 'content-type': 'application/json' } });
    });
    for (const [path, methods] of this.#methods) {
      app.all(path.replaceAll(/\{(.+?)\}/g, ':$1'), ({ req: { method } }) => {
        const allow = methods.join(', ');
        return new ProblemError(405, `method ${method} is not allowed here: use ${methods.join(' or ')}`, { allow }).toResponse();
      });
    }
    app.all('*', ({ req: { path } }) => problem(404, `there is no ${path} in this API: ${url}/openapi.json lists what there is`));
    app.onError((error) => {
      if (error instanceof ProblemError) return error.toResponse();
      if (error instanceof HTTPException && error.status === 415) return problem(415, 'send the body with Content-Type: application/json');
      if (error instanceof HTTPException && error.status === 400) return problem(400, 'the body is no JSON');
      throw error;
    });
    return app;
  }
}

/** What hono's validators say. */
type Validated = { readonly success: boolean; readonly target: string; readonly data: unknown; readonly error?: z.ZodError };

const HEADERS = { 'cache-control': 'no-store' };

const sentence = (where: string, detail: string): string => (where === '' ? detail : `${where} ${detail}`);

function partsOf(issue: z.core.$ZodIssue, target: string, known: readonly string[], data: unknown): readonly ProblemPart[] {
  const where = target === 'json' ? issue.path.map((part) => `/${String(part)}`).join('') : issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) =>
      target === 'query'
        ? {
            where: '',
            detail: `unknown parameter ${goQuote(key)}: there ${known.length === 0 ? 'is none here' : `are ${known.join(', ')}`}`,
          }
        : { where: '', detail: `unknown field ${goQuote(key)}${where === '' ? '' : ` in ${where}`}` },
    );
  if (issue.code !== 'invalid_type' || target !== 'json') return [{ where, detail: issue.message }];
  if (valueAt(data, issue.path) === undefined) return [{ where, detail: 'is missing' }];
  return [{ where: where === '' ? 'the body' : where, detail: `must be ${KINDS[issue.expected] ?? issue.expected}` }];
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const valueAt = (data: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    data,
  );
