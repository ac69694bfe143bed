/** Reading of API v2's query parameters. What nobody knows is ignored; a boolean that is no word for true is false. */
import { type MatcherMode, parseFilter } from '../../alerts/matcher-text.ts';
import type { AlertQuery } from '../../alerts/router-view.ts';
import type { SilenceState } from '../../alerts/silence.ts';
import type { SilenceQuery } from '../../alerts/silences.ts';
import type { Matcher } from '../../model/matcher.ts';
import { compileAlertmanagerRegex, type Regex } from '../../model/regex.ts';

type Refused = { readonly error: string };

/** Of GET /alerts and /alerts/groups. */
export function alertQuery(params: URLSearchParams, mode: MatcherMode): (AlertQuery & { readonly muted: boolean }) | Refused {
  const filter = matchersOf(params, 'filter', mode);
  if ('error' in filter) return filter;
  const receiver = receiverRegex(params);
  if (receiver !== null && 'error' in receiver) return { error: `failed to parse receiver param: ${receiver.error}` };
  const receiverMatchers = receiverMatchersOf(params, mode);
  if ('error' in receiverMatchers) return receiverMatchers;
  return {
    filter,
    receiver,
    receiverMatchers,
    active: flag(params, 'active'),
    silenced: flag(params, 'silenced'),
    inhibited: flag(params, 'inhibited'),
    muted: flag(params, 'muted'),
  };
}

/** Of GET /receivers, and part of the above. */
export function receiverMatchersOf(params: URLSearchParams, mode: MatcherMode): readonly Matcher[] | Refused {
  const matchers = matchersOf(params, 'receiver_matchers', mode);
  return 'error' in matchers ? { error: `failed to parse receiver_matchers param: ${matchers.error}` } : matchers;
}

/** Of GET /silences. */
export function silenceQuery(params: URLSearchParams, mode: MatcherMode): SilenceQuery | Refused {
  const filter = matchersOf(params, 'filter', mode);
  return 'error' in filter ? filter : { filter, states: STATES.filter((state) => flag(params, state)) };
}

const STATES: readonly SilenceState[] = ['active', 'pending', 'expired'];

function matchersOf(params: URLSearchParams, name: string, mode: MatcherMode): readonly Matcher[] | Refused {
  const matchers: Matcher[] = [];
  for (const text of params.getAll(name)) {
    const matcher = parseFilter(text, mode);
    if ('error' in matcher) return matcher;
    matchers.push(matcher);
  }
  return matchers;
}

function receiverRegex(params: URLSearchParams): Regex | Refused | null {
  const text = params.getAll('receiver').at(-1) ?? '';
  return text === '' ? null : compileAlertmanagerRegex(text);
}

/** go-openapi's words for true (swag.ConvertBool). */
const TRUE = new Set(['true', '1', 'yes', 'ok', 'y', 'on', 'selected', 'checked', 't', 'enabled']);

/** True where it is not given: these parameters take away. */
function flag(params: URLSearchParams, name: string): boolean {
  const text = params.getAll(name).at(-1) ?? '';
  return text === '' || TRUE.has(text.toLowerCase());
}
