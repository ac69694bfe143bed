/** The envelope of the Prometheus API: {"status", "data", "errorType", "error", "warnings", "infos"}. */
import { jsonText } from '../../lib/json-text.ts';
import { wholeResponse } from '../whole-response.ts';
import type { Answer, ApiError, ApiErrorType, WireAnswer } from './backend.ts';

const STATUS: Readonly<Record<ApiErrorType, number>> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  canceled: 499,
  unavailable: 503,
  internal: 500,
  not_found: 404,
  not_acceptable: 406,
};
const JSON_HEADERS = { 'content-type': 'application/json' };

export const success = (data: unknown): Response => wholeResponse(jsonText({ status: 'success', data }), JSON_HEADERS);

export const failure = (error: ApiError, status = STATUS[error.type]): Response =>
  new Response(jsonText({ status: 'error', errorType: error.type, error: error.message }), { status, headers: JSON_HEADERS });

export const wire = (answer: Answer<WireAnswer>, headers: Readonly<Record<string, string>> = JSON_HEADERS): Response =>
  answer.kind === 'gave' ? wholeResponse(answer.gives.body as Uint8Array<ArrayBuffer>, headers) : failure(answer.error);

/** Carries data on, or answers with the refusal. */
export const withData = <T>(answer: Answer<T>, respond: (data: T) => Response): Response =>
  answer.kind === 'gave' ? respond(answer.gives) : failure(answer.error);
