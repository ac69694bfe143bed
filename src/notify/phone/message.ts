/**
 * From notifications to a call: what is said when somebody answers, which keys mean what, and what is said to a key. One
 * call may carry several notifications; its keys then act on all of them. Without a way back the call says its text twice
 * and ends. A call that is answered is not acknowledged: only a key is.
 */
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { type ReaderAction, SILENCE_MS } from '../reader-action.ts';
import type { PhoneConfig } from './config.ts';
import { digitByDigit, speakable } from './speech.ts';
import { type SpokenStep, type VoiceStyle, voiceTwiml } from './twiml.ts';

/** What a call has to say, apart from how it goes. */
export type CallScript = VoiceStyle & { readonly text: string; readonly templateErrors: readonly string[] };

/** `inputs`: at least one. */
export function callScript(
  { message, language, voice }: Pick<PhoneConfig, 'message' | keyof VoiceStyle>,
  inputs: readonly SendInput[],
): CallScript {
  const errors: string[] = [];
  const texts = inputs.map((input) => {
    const render = new FieldRenderer({ ...input, now: input.createdAt });
    const text = speakable(render.text(message, render.plain.subject)) || speakable(render.plain.subject);
    errors.push(...render.errors);
    return text;
  });
  const [first = ''] = texts;
  const text = texts.length === 1 ? first : `${texts.length} incidents. First: ${first}`;
  return { language, voice, text, templateErrors: errors };
}

const KEYS = 'Press 1 to acknowledge, 2 to escalate, 3 to silence for one hour, 9 to hear it again.';
const KEY_SECONDS = 8;
const TRIES_MAX = 3;
/** With key 9 too: a call does not go on for ever. */
const STEPS_MAX = 8;
const PAUSE: SpokenStep = { kind: 'pause', seconds: 1 };
const HANGUP: SpokenStep = { kind: 'hangup' };

/** Spoken as it stands by a call that nobody can answer to. */
export const oneWayTwiml = (script: CallScript): string =>
  voiceTwiml(
    [
      PAUSE,
      { kind: 'say', text: script.text },
      PAUSE,
      { kind: 'say', text: `Once more: ${script.text}` },
      { kind: 'say', text: 'This call takes no keys. Goodbye.' },
      HANGUP,
    ],
    script,
  );

/** What a mailbox is told. */
export const mailboxTwiml = (script: CallScript): string =>
  voiceTwiml([PAUSE, { kind: 'say', text: script.text }, { kind: 'say', text: 'Nobody has acknowledged this.' }, HANGUP], script);

/** Where a call stands: how often keys were asked for, and how often in vain. */
export type CallPlace = { readonly step: number; readonly tries: number };
export const CALL_START: CallPlace = { step: 0, tries: 0 };

/** `action`: where the key goes, for a place in the call. */
export function askTwiml(script: CallScript, place: CallPlace, action: (place: CallPlace) => string, before = ''): string {
  return voiceTwiml(
    [
      PAUSE,
      {
        kind: 'ask',
        texts: [before, script.text, KEYS].filter((text) => text !== ''),
        action: action({ step: place.step + 1, tries: place.tries }),
        seconds: KEY_SECONDS,
      },
      // Reached only where the answer to the key does not come.
      { kind: 'say', text: 'Goodbye.' },
      HANGUP,
    ],
    script,
  );
}

export type KeyMeaning =
  | { readonly kind: 'act'; readonly action: ReaderAction }
  | { readonly kind: 'repeat' }
  /** No key, or one without a meaning. */
  | { readonly kind: 'none' | 'unknown' };

export function meaningOfKey(digits: string): KeyMeaning {
  switch (digits) {
    case '':
      return { kind: 'none' };
    case '1':
      return { kind: 'act', action: { kind: 'acknowledge' } };
    case '2':
      return { kind: 'act', action: { kind: 'escalate' } };
    case '3':
      return { kind: 'act', action: { kind: 'silence', durationMs: SILENCE_MS } };
    case '9':
      return { kind: 'repeat' };
    default:
      return { kind: 'unknown' };
  }
}

/** After a key that did nothing: again, or the end. `place`: where the key was asked for. */
export function afterNoAction(
  script: CallScript,
  meaning: 'repeat' | 'none' | 'unknown',
  place: CallPlace,
  action: (place: CallPlace) => string,
): string {
  const tries = meaning === 'repeat' ? place.tries : place.tries + 1;
  if (tries >= TRIES_MAX || place.step >= STEPS_MAX) return goodbyeTwiml(script, 'No key was pressed. Nothing is acknowledged.');
  return askTwiml(script, { step: place.step, tries }, action, meaning === 'unknown' ? 'This key has no meaning.' : '');
}

export const goodbyeTwiml = (style: VoiceStyle, text: string): string =>
  voiceTwiml([{ kind: 'say', text }, { kind: 'say', text: 'Goodbye.' }, HANGUP], style);

/** Who did something, as it is said: of a telephone number its end. */
export const spokenName = (by: string): string =>
  /^\+\d{6,}$/.test(by) ? `the number that ends in ${digitByDigit(by.slice(-4))}` : speakable(by) || 'somebody';
