/** Who sent a request, as far as the server knows: what the handlers get beside the request itself. */
export type Caller = {
  /** The peer's address; a proxy's, when there is one in front. */
  readonly remoteAddress: string;
  /** The name that basic authentication checked; null when none is asked for. */
  readonly user: string | null;
  /** Cuts the connection if the answer is still on its way; absent where there is no connection. */
  readonly cut?: () => void;
  /** Takes back the memory of bytes that only the answer has, once it has left. */
  readonly release?: (bytes: Uint8Array<ArrayBuffer>) => void;
};

/** For records of who did something. */
export const callerName = ({ user, remoteAddress }: Caller): string => user ?? remoteAddress;

/** Hono's word for what `fetch` hands over beside the request. */
export type CallerEnv = { readonly Bindings: Caller };
