/**
 * What a pair of Prometheus servers posted, and what truly happened: recorded by `npm run chaos -- pair --record FILE`,
 * replayed on the simulated clock. Times are milliseconds since the recording began; alerts go by their number.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';

/** The name of an alert of the recording: each is a group of its own. */
export const alertName = (alert: number): string => `Load${alert}`;

/** How one version of an alert was posted. */
export type PostedAlert = readonly [alert: number, startsAt: number, endsAt: number];

export type Post = {
  readonly at: number;
  readonly replica: string;
  /** Whether a 2xx came back; without one nobody knows whether it was taken. */
  readonly isTaken: boolean;
  readonly alerts: readonly PostedAlert[];
};

export type Recording = {
  /** When each alert's condition held. */
  readonly episodes: readonly (readonly [alert: number, from: number, to: number])[];
  /** When Tocsin was down. */
  readonly downtimes: readonly (readonly [from: number, to: number])[];
  readonly posts: readonly Post[];
};

/** Numbers as differences, which compress well. */
export function writeRecording(path: string, { posts, ...rest }: Recording): void {
  let last = 0;
  const rows = posts.map(({ at, replica, isTaken, alerts }) => {
    const row = [at - last, replica, isTaken ? 1 : 0, ...alerts.map(([alert, from, to]) => [alert, at - from, to - at])];
    last = at;
    return row;
  });
  writeFileSync(path, gzipSync(JSON.stringify({ ...rest, posts: rows }), { level: 9 }));
}

export function readRecording(path: string): Recording {
  type Row = readonly [number, string, 0 | 1, ...(readonly [number, number, number])[]];
  const { posts, ...rest } = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Omit<Recording, 'posts'> & {
    readonly posts: readonly Row[];
  };
  let at = 0;
  return {
    ...rest,
    posts: posts.map(([afterMs, replica, isTaken, ...alerts]) => {
      at += afterMs;
      return { at, replica, isTaken: isTaken === 1, alerts: alerts.map(([alert, ago, ahead]) => [alert, at - ago, at + ahead] as const) };
    }),
  };
}
