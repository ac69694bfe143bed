/** The form for a silence: what was typed, as a silence or as a sentence for each field that cannot be one. */
import { type MatcherMode, parseMatchers } from '../../alerts/matcher-text.ts';
import type { PostedSilence } from '../../alerts/silences.ts';
import { parseDuration } from '../../model/duration.ts';
import type { Matcher } from '../../model/matcher.ts';
import { addMs, type DurationMs, type UnixMs } from '../../model/time.ts';

const FIELDS = ['matchers', 'duration', 'createdBy', 'comment'] as const;
type Field = (typeof FIELDS)[number];
/** By field, without those that were not given. */
export type SilenceFormValues = Readonly<Partial<Record<Field, string>>>;

/** Of a form body or of the query of a link to the form; of a field given twice the last. */
export function formValues(params: URLSearchParams): SilenceFormValues {
  const values: Partial<Record<Field, string>> = {};
  for (const field of FIELDS) {
    const value = params.getAll(field).at(-1);
    if (value !== undefined) values[field] = value;
  }
  return values;
}

/** What is wrong with each field is told at once. */
export function silenceOf(
  values: SilenceFormValues,
  mode: MatcherMode,
  now: UnixMs,
): PostedSilence | { readonly errors: readonly string[] } {
  const errors: string[] = [];
  const matchers = matchersOf(values.matchers ?? '', mode, errors);
  const durationMs = durationOf(values.duration ?? '', errors);
  const createdBy = (values.createdBy ?? '').trim();
  if (createdBy === '') errors.push('Your name is missing: others want to know whom to ask.');
  const comment = (values.comment ?? '').trim();
  if (comment === '') errors.push('The reason is missing: others want to know why nothing pages.');
  if (errors.length > 0) return { errors };
  const matcherSets = [matchers.map(({ name, op, value }) => ({ name, op, value }))];
  return { id: null, matcherSets, startsAt: null, endsAt: addMs(now, durationMs), createdBy, comment, annotations: {} };
}

function matchersOf(text: string, mode: MatcherMode, errors: string[]): readonly Matcher[] {
  const matchers = parseMatchers(text.trim(), mode);
  if ('error' in matchers) {
    errors.push(`The matchers cannot be read (${matchers.error}): write them as alertname="Down", instance=~"db.*".`);
    return [];
  }
  if (matchers.length === 0) errors.push('The matchers are missing: write at least one, such as alertname="Down".');
  return matchers;
}

function durationOf(text: string, errors: string[]): DurationMs {
  const parsed = parseDuration(text.replaceAll(/\s/g, ''));
  if (typeof parsed === 'number' && parsed > 0 && parsed <= YEARS_10_MS) return parsed;
  errors.push(
    typeof parsed === 'number'
      ? 'The length must be above 0 and at most 10y.'
      : `"${text}" is not a length of time: write a number and a unit of m, h, d or w, such as 2h or 1d12h.`,
  );
  return 0 as DurationMs;
}

const YEARS_10_MS = 315_360_000_000;
