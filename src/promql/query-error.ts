/** Why a query gave no result, in Prometheus' words; `type` is the API's errorType. */
export type QueryErrorType = 'bad_data' | 'execution' | 'timeout' | 'canceled';

export class QueryError extends Error {
  readonly type: QueryErrorType;

  constructor(type: QueryErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

/** For the driver of an evaluation that has run too long: throw it into the generator. */
export const queryTimedOut = (): QueryError => new QueryError('timeout', 'query timed out in expression evaluation');
/** For the driver of an evaluation that nobody waits for any more. */
export const queryCanceled = (): QueryError => new QueryError('canceled', 'query was canceled in expression evaluation');

/** What is wrong with the query itself, found when it is prepared. */
export const badQuery = (message: string): QueryError => new QueryError('bad_data', message);
export const executionError = (message: string): QueryError => new QueryError('execution', message);
export const duplicateLabelSets = (): QueryError => executionError('vector cannot contain metrics with the same labelset');
export const tooManySamples = (): QueryError =>
  executionError('query processing would load too many samples into memory in query execution');
