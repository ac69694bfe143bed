/**
 * From an alert as posted (API v2) or as our rules report it to an alert as stored, and what two versions of one alert make
 * together. Follows Alertmanager's api/v2 postAlertsHandler, alert/alert.go Merge and provider/mem Put.
 *
 * Hot path: every alert of every post.
 */
import { goQuote } from '../lib/go-quote.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { type Alert, isResolvedAt, type ResolveReason } from '../model/alert.ts';
import { fingerprintOf } from '../model/fingerprint.ts';
import { isLegacyLabelName, isUtf8LabelName, Labels } from '../model/labels.ts';
import { addMs, type DurationMs, type UnixMs } from '../model/time.ts';
import type { LabelNameMode } from './silence.ts';

/** An alert from outside. */
export type Incoming = {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Null: now, or its end if that is given. */
  readonly startsAt: UnixMs | null;
  /** Null: the resolve timeout from now on, unless it is sent again. */
  readonly endsAt: UnixMs | null;
  readonly generatorUrl: string;
};

/** What one of our rules reports, only on change; has the shape of rules' AlertChange. Labels are `Labels.flat`. */
export type RuleAlertChange = {
  readonly kind: 'firing' | 'resolved';
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly generatorUrl: string;
  readonly startsAt: number;
  /** When it resolved; null while firing. */
  readonly endsAt: number | null;
  readonly reason: ResolveReason | null;
};

/** The alert, or why it is none. */
export function postedAlert(
  incoming: Incoming,
  options: { readonly resolveTimeoutMs: DurationMs; readonly labelNames: LabelNameMode },
  now: UnixMs,
): Alert | { readonly error: string } {
  const startsAt = incoming.startsAt ?? incoming.endsAt ?? now;
  const endsAt = incoming.endsAt ?? addMs(now, options.resolveTimeoutMs);
  if (endsAt < startsAt) return { error: 'start time must be before end time' };
  const labels = labelsOfRecord(incoming.labels);
  if (labels.size === 0) return { error: 'at least one label pair required' };
  const badLabel = invalidName(labels, options.labelNames);
  if (badLabel !== null) return { error: `invalid label set: invalid name ${goQuote(badLabel)}` };
  const annotations = labelsOfRecord(incoming.annotations);
  const badAnnotation = invalidName(annotations, options.labelNames);
  if (badAnnotation !== null) return { error: `invalid annotations: invalid name ${goQuote(badAnnotation)}` };
  return {
    fingerprint: fingerprintOf(labels),
    labels,
    annotations,
    startsAt,
    endsAt,
    updatedAt: now,
    generatorUrl: incoming.generatorUrl,
    isTimeout: incoming.endsAt === null,
    origin: 'external',
    resolveReason: endsAt <= now ? 'sender_resolved' : null,
  };
}

export function ruleAlert(change: RuleAlertChange, now: UnixMs): Alert {
  const labels = Labels.fromSorted(change.labels);
  const resolved = change.kind === 'resolved';
  return {
    fingerprint: fingerprintOf(labels),
    labels,
    annotations: Labels.fromSorted(change.annotations),
    startsAt: change.startsAt as UnixMs,
    // The engine's clock may be a little ahead; what it reports resolved is resolved.
    endsAt: resolved ? (Math.min(change.endsAt ?? now, now) as UnixMs) : null,
    updatedAt: now,
    generatorUrl: change.generatorUrl,
    isTimeout: false,
    origin: 'rule',
    resolveReason: resolved ? change.reason : null,
  };
}

type Version = Pick<Alert, 'startsAt' | 'endsAt' | 'updatedAt' | 'isTimeout'>;

/** Whether a posted alert continues the stored one: its start or its end lies strictly inside the stored interval. */
export function continues(old: Pick<Alert, 'startsAt' | 'endsAt'>, next: Pick<Alert, 'startsAt' | 'endsAt'>): boolean {
  const oldEnd = endOf(old);
  const nextEnd = endOf(next);
  return (nextEnd > old.startsAt && nextEnd < oldEnd) || (next.startsAt > old.startsAt && next.startsAt < oldEnd);
}

/** Two versions as one: everything of the newer, the earliest start, and the end that knows best. */
export function mergeVersions<T extends Version>(a: T, b: T, now: UnixMs): T {
  const [older, newer] = b.updatedAt < a.updatedAt ? [b, a] : [a, b];
  const startsAt = older.startsAt < newer.startsAt ? older.startsAt : newer.startsAt;
  const keepsOlderEnd = endOf(older) > endOf(newer) && (isResolvedAt(newer, now) ? isResolvedAt(older, now) : !older.isTimeout);
  if (keepsOlderEnd) return { ...newer, startsAt, endsAt: older.endsAt };
  return startsAt === newer.startsAt ? newer : { ...newer, startsAt };
}

const endOf = ({ endsAt }: Pick<Alert, 'endsAt'>): number => endsAt ?? Number.POSITIVE_INFINITY;

/** Sorted, without empty values; senders mostly sort already. */
function labelsOfRecord(record: Readonly<Record<string, string>>): Labels {
  const flat: string[] = [];
  let previous = '';
  let isSorted = true;
  for (const name in record) {
    const value = record[name] as string;
    if (value === '') continue;
    if (flat.length > 0 && compareUtf8(previous, name) >= 0) isSorted = false;
    flat.push(name, wellFormed(value));
    previous = name;
  }
  if (isSorted) return Labels.fromSorted(flat);
  return flat.length <= 2 * FEW_LABELS ? Labels.fromSorted(insertionSorted(flat)) : Labels.fromPairs(pairsOf(flat));
}

/** So many are sorted by insertion, in a third of the time. */
const FEW_LABELS = 32;

function insertionSorted(flat: string[]): readonly string[] {
  for (let next = 2; next < flat.length; next += 2) {
    const name = flat[next] as string;
    const value = flat[next + 1] as string;
    let at = next;
    for (; at > 0 && compareUtf8(flat[at - 2] as string, name) > 0; at -= 2) {
      flat[at] = flat[at - 2] as string;
      flat[at + 1] = flat[at - 1] as string;
    }
    flat[at] = name;
    flat[at + 1] = value;
  }
  return flat;
}

function* pairsOf(flat: readonly string[]): IterableIterator<readonly [string, string]> {
  for (let i = 0; i < flat.length; i += 2) yield [flat[i] as string, flat[i + 1] as string];
}

/** As Go's JSON decoder: half a surrogate pair is no character. */
const wellFormed = (text: string): string => (HALF_PAIR.test(text) ? text.replace(HALF_PAIRS, '\ufffd') : text);
const HALF_PAIR = /\p{Cs}/u;
const HALF_PAIRS = /\p{Cs}/gu;

/** Names already checked; they come again with every alert. */
const VALID: Readonly<Record<LabelNameMode, Set<string>>> = { utf8: new Set(), classic: new Set() };
const VALID_NAMES_MAX = 10_000;

function invalidName(labels: Labels, mode: LabelNameMode): string | null {
  const valid = VALID[mode];
  const { flat } = labels;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    if (valid.has(name)) continue;
    if (!(mode === 'classic' ? isLegacyLabelName(name) : isUtf8LabelName(name))) return name;
    if (valid.size < VALID_NAMES_MAX) valid.add(name);
  }
  return null;
}
