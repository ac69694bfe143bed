/**
 * A response that is whole in memory, with its parts remembered beside it. The server adds headers to every answer and may
 * compress it; to do that on a Response and its `Headers` costs as much as a small query. Where somebody in between made
 * another response of it (a HEAD request, for one), there are no parts, and it is worked on as any other.
 *
 * A body of bytes is given away: their memory is taken back when the response has left.
 *
 * Its headers are those that it was made with: a response that gets more of them on its way (a refusal's Allow, say) is a
 * plain Response.
 */
export type ResponseParts = {
  readonly body: string | Uint8Array<ArrayBuffer> | null;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
};

const known = new WeakMap<Response, ResponseParts>();

export function wholeResponse(body: ResponseParts['body'], headers: ResponseParts['headers'], status = 200): Response {
  const response = new Response(body, { status, headers });
  known.set(response, { body, status, headers });
  return response;
}

export const partsOf = (response: Response): ResponseParts | null => known.get(response) ?? null;

type Headers = ResponseParts['headers'];
const joinedBefore = new WeakMap<Headers, WeakMap<Headers, Headers>>();

/**
 * `vary` is a list that both have their say in; of all else what is added wins. What was joined before is joined already:
 * most answers have headers that are constants.
 */
export function withHeaders(headers: Headers, added: Headers): Headers {
  let byAdded = joinedBefore.get(headers);
  if (byAdded === undefined) {
    byAdded = new WeakMap();
    joinedBefore.set(headers, byAdded);
  }
  let joined = byAdded.get(added);
  if (joined === undefined) {
    const vary = [headers['vary'], added['vary']].filter((names) => names !== undefined);
    joined = { ...headers, ...added, ...(vary.length > 0 ? { vary: vary.join(', ') } : {}) };
    byAdded.set(added, joined);
  }
  return joined;
}
