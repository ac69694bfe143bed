/** What a person can do about a notification wherever it reached them: by a key, a reply or a form. */
import { type DurationMs, durationMs } from '../model/time.ts';

export type ReaderAction =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'escalate' }
  | { readonly kind: 'silence'; readonly durationMs: DurationMs };

/** Where no other length is given. */
export const SILENCE_MS: DurationMs = durationMs(3_600_000);
