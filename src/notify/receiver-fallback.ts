/**
 * Who is told when a receiver does not take a notification: `tocsin: {fallback: [{receiver: NAME, after: 60s, on: [error]}]}`
 * in a receiver. Whether the names exist, and that nobody falls back to himself in the end, is checked when all are known.
 */
import { type Decoder, type Fields, list, object, refine } from '../config/decode.ts';
import type { Problem } from '../config/diagnostic.ts';
import { duration, string } from '../config/scalars.ts';
import { nearestWord } from '../lib/edit-distance.ts';
import { goQuote } from '../lib/go-quote.ts';
import { type DurationMs, durationMs } from '../model/time.ts';

export type ReceiverFallback = {
  readonly receiver: string;
  /** Since the first attempt that failed. */
  readonly afterMs: DurationMs;
  /** `error`: a refusal. `unknown`: no answer, so that it may have arrived. */
  readonly on: readonly ('error' | 'unknown')[];
};

/** Where a receiver names another, to be checked once all names are known. */
export type FallbackUse = { readonly from: string; readonly to: string; readonly fields: Fields };

const cause = refine<string, 'error' | 'unknown'>(
  string,
  () => 'error',
  (text, fail) =>
    text === 'error' || text === 'unknown' ? text : fail({ code: 'bad_value', message: `${goQuote(text)} is none of error, unknown` }),
);

/** `uses` takes what is read in the receiver `from`. */
export const receiverFallback = (from: string, uses: FallbackUse[]): Decoder<ReceiverFallback> =>
  object('tocsin', (fields): ReceiverFallback => {
    const receiver = fields.get('receiver', string);
    if (receiver !== '') uses.push({ from, to: receiver, fields });
    else fields.problem('receiver', { code: 'missing_field', message: 'a fallback names no receiver', hint: 'add receiver: NAME' });
    const afterMs = fields.get('after', duration, durationMs(60_000));
    const on = fields.get('on', list(cause));
    return { receiver, afterMs, on: on.length === 0 ? ['error', 'unknown'] : on };
  });

/** Reports fallbacks that lead nowhere, or back to where they began. */
export function checkFallbacks(uses: readonly FallbackUse[], names: readonly string[]): void {
  const told = new Set<string>();
  for (const { from, to, fields } of uses) {
    if (!names.includes(to)) {
      fields.problem('receiver', undefinedReceiver(`receiver ${goQuote(from)} falls back to`, to, names));
      continue;
    }
    const back = way(to, from, uses, new Set());
    if (back === null || back.some((name) => told.has(name))) continue;
    for (const name of back) told.add(name); // each circle once
    fields.problem('receiver', {
      code: 'conflict',
      message: `the fallbacks go in a circle: ${[from, ...back].map(goQuote).join(' to ')}`,
      hint: 'let one of them fall back to nobody; who is told when all fail is global: {tocsin: {last_resort: NAME}}',
    });
  }
}

export function undefinedReceiver(who: string, name: string, names: readonly string[]): Problem {
  const near = nearestWord(name, names);
  return {
    code: 'unknown_name',
    message: `${who} ${goQuote(name)}, which is not defined`,
    hint: near === null ? `defined are ${names.slice(0, 12).join(', ')}` : `did you mean "${near}"?`,
  };
}

/** Over fallbacks from one receiver to another; null: there is no way. */
function way(from: string, to: string, uses: readonly FallbackUse[], seen: Set<string>): readonly string[] | null {
  if (from === to) return [from];
  if (seen.has(from)) return null;
  seen.add(from);
  for (const use of uses) {
    const rest = use.from === from ? way(use.to, to, uses, seen) : null;
    if (rest !== null) return [from, ...rest];
  }
  return null;
}
