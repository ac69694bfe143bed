/**
 * Whether a receiver was told what happened, once: every episode of an alert as one "firing" and one "resolved", in turn.
 * More is only right where the posts themselves went back and forth: one replica says "resolved", the other, which has
 * not looked yet, repeats "firing".
 */
import type { Post, PostedAlert, Recording } from './recording.ts';

/** One notification of an alert's group as it came. */
export type Told = { readonly at: number; readonly alert: number; readonly status: string; readonly key: string };

export type Verdict = {
  readonly problems: readonly string[];
  readonly episodes: number;
  /** Episodes that the posts had besides. */
  readonly flaps: number;
  /** The same notification once more, by its idempotency key: its first result was unknown. */
  readonly repeats: number;
  /** From the begin of an episode to its "firing". */
  readonly latencyMsMax: number;
};

export function judgePair({ episodes, downtimes, posts }: Recording, told: readonly Told[]): Verdict {
  const problems: string[] = [];
  const first = [...new Map(told.toReversed().map((one) => [one.key, one])).values()].toReversed();
  const repeats = told.length - first.length;
  if (repeats > downtimes.length)
    problems.push(`${repeats} repeated notifications, and only ${downtimes.length} stops in which a result can get lost`);
  let flaps = 0;
  let latencyMsMax = 0;
  for (const alert of new Set(episodes.map(([number]) => number))) {
    const truth = episodes.filter(([number]) => number === alert);
    const mine = first.filter((one) => one.alert === alert).toSorted((a, b) => a.at - b.at);
    const shown = mine.map(({ status, at }) => `${status}@${seconds(at)}`).join(' ');
    if (mine.some(({ status }, i) => status !== (i % 2 === 0 ? 'firing' : 'resolved')) || mine.length % 2 !== 0)
      problems.push(`alert ${alert}: not firing and resolved in turn: ${shown}`);
    const begins = postedBegins(posts, alert);
    flaps += Math.max(0, begins.length - truth.length);
    const more = new Set(mine.filter(({ status }) => status === 'firing'));
    for (const [i, [, from]] of truth.entries()) {
      const next = truth[i + 1]?.[1] ?? Number.POSITIVE_INFINITY;
      const telling = [...more].find(({ at }) => at >= from && at < next);
      if (telling === undefined) problems.push(`alert ${alert}: nobody was told of the episode at ${seconds(from)} s: ${shown}`);
      else {
        more.delete(telling);
        latencyMsMax = Math.max(latencyMsMax, telling.at - from);
      }
    }
    for (const { at } of more)
      if (!begins.some((begin) => begin <= at && at < begin + FLAP_TOLD_MS))
        problems.push(`alert ${alert}: told once more at ${seconds(at)} s: ${shown}`);
  }
  return { problems, episodes: episodes.length, flaps, repeats, latencyMsMax };
}

/** An alert that begins again at once is told of at once: its group has waited already. */
const FLAP_TOLD_MS = 1000;

const seconds = (ms: number): number => Math.round(ms / 1000);

/** When the alert began to fire by the posts alone; both ways, where nobody knows whether a post was taken. */
function postedBegins(posts: readonly Post[], alert: number): readonly number[] {
  const mine = posts.flatMap(({ at, isTaken, alerts }) =>
    alerts.filter(([number]) => number === alert).map(([, start, end]) => ({ at, isTaken, start, end })),
  );
  return [...new Set([...beginsOf(mine), ...beginsOf(mine.filter(({ isTaken }) => isTaken))])];
}

type Version = { readonly at: number; readonly start: PostedAlert[1]; readonly end: PostedAlert[2] };

/** Versions are joined by Alertmanager's rules. */
function beginsOf(versions: readonly Version[]): readonly number[] {
  let start = 0;
  let end = Number.NEGATIVE_INFINITY;
  const begins: number[] = [];
  for (const version of versions) {
    const { at } = version;
    const fired = end > at;
    const overlaps = (version.end > start && version.end < end) || (version.start > start && version.start < end);
    if (!overlaps) ({ start, end } = version);
    else {
      start = Math.min(start, version.start);
      if (version.end > at) end = Math.max(end, version.end);
      else end = end > at ? version.end : Math.max(end, version.end);
    }
    if (!fired && end > at) begins.push(at);
  }
  return begins;
}
