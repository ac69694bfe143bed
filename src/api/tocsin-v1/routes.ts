/**
 * Our own API: what was sent and what happened, as it happens too, and why; silences with a look at what they would do;
 * routes and receivers. /openapi.json describes it whole.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { CallerEnv } from '../caller.ts';
import type { TocsinBackend } from './backend.ts';
import { Endpoints } from './endpoints.ts';
import { addEventStream } from './event-stream.ts';
import { addExplain } from './explain-endpoint.ts';
import { addHistory } from './history-endpoints.ts';
import { addReceiverTest } from './receiver-endpoints.ts';
import { addRouting } from './routing-endpoints.ts';
import { addSilences } from './silence-endpoints.ts';

/** `url`: of the API as clients see it, a path or a whole URL. */
export function tocsinRoutes(backend: TocsinBackend, url: string): OpenAPIHono<CallerEnv> {
  const endpoints = new Endpoints();
  addHistory(endpoints, backend.history);
  addEventStream(endpoints, backend.eventStream);
  addExplain(endpoints, backend.explainer);
  addSilences(endpoints, backend.silences);
  addRouting(endpoints, backend.routing);
  addReceiverTest(endpoints, backend.receivers);
  return endpoints.finish({ title: 'Tocsin', version: backend.version, description: DESCRIPTION, url });
}

const DESCRIPTION = `Tocsin's own API, beside those of Prometheus (/api/v1) and Alertmanager (/api/v2).

Times are RFC 3339 in UTC. Lists come in pages: \`next\`, given as \`cursor\`, asks for the page after. Errors are problem
details (RFC 9457). Parameters and fields that nobody knows are refused, and so is a parameter given twice. Within v1,
answers may gain fields, lists of words may gain words, and nothing else changes.`;
