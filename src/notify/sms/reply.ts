/**
 * What somebody means who answers a text: `a 12`, `12 A`, `ack12`, `s 12 1h`, or a bare `a` for what was sent last. Case,
 * spaces and order do not matter, since thumbs are tired at night; a word that is not understood makes the whole not
 * understood, because a wrong silence is worse than a question.
 */
import { parseDuration } from '../../model/duration.ts';
import type { DurationMs } from '../../model/time.ts';
import { type ReaderAction, SILENCE_MS } from '../reader-action.ts';

export type Reply =
  /** `code` null: what was sent last to this number. */
  | { readonly kind: 'act'; readonly action: ReaderAction; readonly code: number | null }
  /** The words that the provider itself acts on and answers. */
  | { readonly kind: 'stop' | 'start' | 'help' }
  | { readonly kind: 'not_understood' };

const STOP = ['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit'];
const START = ['start', 'yes', 'unstop'];
const HELP = ['help', 'info'];

const VERBS: ReadonlyMap<string, ReaderAction['kind']> = new Map([
  ['a', 'acknowledge'],
  ['ack', 'acknowledge'],
  ['acknowledge', 'acknowledge'],
  ['e', 'escalate'],
  ['esc', 'escalate'],
  ['escalate', 'escalate'],
  ['s', 'silence'],
  ['silence', 'silence'],
  ['mute', 'silence'],
]);

/** Longer ones are made where they can be looked at. */
const SILENCE_MS_MAX = 86_400_000;
const NOT_UNDERSTOOD: Reply = { kind: 'not_understood' };
/** Nothing that means something is longer. */
const CHARS_MAX = 100;

export function parseReply(body: string): Reply {
  const text = body.trim().toLowerCase();
  if (text.length > CHARS_MAX) return NOT_UNDERSTOOD;
  const keyword = text.replace(/[.!]+$/, '');
  if (STOP.includes(keyword)) return { kind: 'stop' };
  if (START.includes(keyword)) return { kind: 'start' };
  if (HELP.includes(keyword)) return { kind: 'help' };
  let verb: ReaderAction['kind'] | null = null;
  let code: number | null = null;
  let silenceMs: DurationMs | null = null;
  for (const word of wordsOf(text)) {
    const duration = /[a-z]$/.test(word) && /^\d/.test(word) ? parseDuration(word) : null;
    if (word === 'all') continue;
    const known = VERBS.get(word);
    if (known !== undefined && verb === null) verb = known;
    else if (/^\d{1,6}$/.test(word) && code === null) code = Number(word);
    else if (typeof duration === 'number' && duration > 0 && silenceMs === null) silenceMs = duration;
    else return NOT_UNDERSTOOD;
  }
  if (verb === null || (verb !== 'silence' && silenceMs !== null) || (silenceMs ?? 0) > SILENCE_MS_MAX) return NOT_UNDERSTOOD;
  return {
    kind: 'act',
    code,
    action: verb === 'silence' ? { kind: 'silence', durationMs: silenceMs ?? SILENCE_MS } : { kind: verb },
  };
}

/** `a12` and `12a` are a verb and a code, `s1h` a verb and a length, `12s1h` all three, `1h30m` one length. */
function wordsOf(text: string): readonly string[] {
  return text
    .split(/[\s,;:.#/]+/)
    .filter((word) => word !== '')
    .flatMap((word) => {
      const lasting = /^([a-z]+)((?:\d+[smhdw])+)$/.exec(word);
      if (lasting !== null && VERBS.has(lasting[1] ?? '')) return lasting.slice(1);
      const glued = /^(?:([a-z]+)(\d{1,6})|(\d{1,6})([a-z]+))((?:\d+[smhdw])*)$/.exec(word);
      if (glued === null) return [word];
      const [, verbFirst, codeLast, codeFirst, verbLast, duration = ''] = glued;
      const verb = verbFirst ?? verbLast ?? '';
      if (!VERBS.has(verb)) return [word];
      return [verb, codeLast ?? codeFirst ?? '', duration].filter((part) => part !== '');
    });
}
