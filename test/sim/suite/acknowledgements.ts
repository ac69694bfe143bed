/**
 * Who looks after what, as it was answered: from the answer until all of it has resolved or something new fires, those who
 * know of it are not told again. What was asked and never answered may hold or not: then nothing is demanded either way.
 */
import { createHash } from 'node:crypto';
import type { ActionResult } from '../../../src/alerts/notification-action.ts';
import type { Taken } from './providers.ts';

/** A notification that somebody has. */
export type Answerable = {
  readonly id: string;
  readonly groupId: string;
  readonly groupKey: string;
  /** Of the group, whoever has the notification. */
  readonly receiver: string;
  /** Alerts that it says fire, and that it says are over. */
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
};

/** `elsewhere`: it is so for other groups than the notification's. */
export type Answer = ActionResult['kind'] | 'elsewhere' | 'refused';

type Asked = Omit<Answerable, 'firing' | 'resolved'> & {
  readonly atMs: number;
  /** What it was given for and still fires. */
  readonly firing: Set<string>;
  /** Of all that its group has told, what may be covered. */
  readonly perhaps: Set<string>;
  /** It was answered that it is so. */
  isSure: boolean;
};

export class Acknowledgements {
  readonly #known = new Set<Asked>();
  /** Alerts that somebody may have looked after since they fire. */
  readonly #once = new Set<string>();

  /** Somebody asks for it; what is returned takes the answer. `toldOf`: all that its group has ever told. */
  asked(row: Answerable, toldOf: readonly string[], atMs: number): (answer: Answer) => void {
    const asked: Asked = { ...row, atMs, firing: new Set(row.firing), perhaps: new Set([...toldOf, ...row.firing]), isSure: false };
    this.#known.add(asked);
    for (const key of asked.perhaps) this.#once.add(key);
    return (answer) => {
      asked.isSure = answer === 'done';
      // A refusal may come from a disk that has it.
      if (answer !== 'done' && answer !== 'elsewhere' && answer !== 'refused') this.#known.delete(asked);
    };
  }

  sure(): readonly Asked[] {
    return [...this.#known].filter(({ isSure, firing }) => isSure && firing.size > 0);
  }

  /** Whether nobody may need to be told of the alert again. */
  mayCover(receiver: string, key: string): boolean {
    for (const one of this.#known) if (one.receiver === receiver && one.perhaps.has(key)) return true;
    return false;
  }

  /** Whether that may have been so at any time since the alert fires. */
  mayHaveCovered(key: string): boolean {
    return this.#once.has(key);
  }

  /** Somebody surely looks after all that the notification tells. */
  covering({ firing, groupKey }: Taken): Asked | null {
    for (const one of this.sure()) {
      const isOf = groupKey === one.groupKey || groupKey === hashed(one.groupKey);
      if (isOf && firing.every((key) => one.firing.has(key))) return one;
    }
    return null;
  }

  /** The alert does not fire: when it does again, that is news. */
  ended(key: string): void {
    this.#once.delete(key);
    for (const one of this.#known) {
      one.perhaps.delete(key);
      one.firing.delete(key);
      if (one.perhaps.size === 0) this.#known.delete(one);
    }
  }

  /** Something new fires in the group, or nothing does. */
  over(groupKey: string): void {
    for (const one of this.#known) if (one.groupKey === groupKey && one.isSure) this.#known.delete(one);
  }
}

/** As PagerDuty and Opsgenie are given it. */
const hashed = (groupKey: string): string => createHash('sha256').update(groupKey).digest('hex');
