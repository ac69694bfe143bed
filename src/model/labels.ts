/**
 * A label set: names unique, sorted by UTF-8 bytes, no empty values (an empty value means "absent", as in Prometheus).
 * Immutable. Kept as one flat array name, value, name, value …, which is also how it crosses threads (`flat`).
 */
import { goQuote } from '../lib/go-quote.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';

export const METRIC_NAME = '__name__';

export class Labels {
  static readonly empty = new Labels([]);

  /** name, value, name, value …; sorted by name. */
  readonly flat: readonly string[];

  private constructor(flat: readonly string[]) {
    this.flat = flat;
  }

  /** Takes an array that is already sorted, unique and free of empty values; the caller gives it away. */
  static fromSorted(flat: readonly string[]): Labels {
    return flat.length === 0 ? Labels.empty : new Labels(flat);
  }

  /** Sorts, drops empty values; of two pairs with one name the later wins. */
  static fromPairs(pairs: Iterable<readonly [string, string]>): Labels {
    const byName = new Map<string, string>();
    for (const [name, value] of pairs) byName.set(name, value);
    const flat: string[] = [];
    for (const name of [...byName.keys()].sort(compareUtf8)) {
      const value = byName.get(name) ?? '';
      if (value !== '') flat.push(name, value);
    }
    return Labels.fromSorted(flat);
  }

  static of(record: Readonly<Record<string, string>>): Labels {
    return Labels.fromPairs(Object.entries(record));
  }

  get size(): number {
    return this.flat.length / 2;
  }

  /** The value of a label, '' when the set lacks it. */
  get(name: string): string {
    const { flat } = this;
    for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1] ?? '';
    return '';
  }

  has(name: string): boolean {
    return this.get(name) !== '';
  }

  *[Symbol.iterator](): IterableIterator<readonly [name: string, value: string]> {
    const { flat } = this;
    for (let i = 0; i < flat.length; i += 2) yield [flat[i] ?? '', flat[i + 1] ?? ''];
  }

  names(): string[] {
    return this.flat.filter((_, i) => i % 2 === 0);
  }

  /** With `changes` laid over; an empty value removes the label. */
  with(changes: Iterable<readonly [string, string]>): Labels {
    return Labels.fromPairs([...this, ...changes]);
  }

  without(names: readonly string[]): Labels {
    return this.filter((name) => !names.includes(name));
  }

  only(names: readonly string[]): Labels {
    return this.filter((name) => names.includes(name));
  }

  filter(keep: (name: string) => boolean): Labels {
    const flat: string[] = [];
    for (let i = 0; i < this.flat.length; i += 2) {
      const name = this.flat[i] ?? '';
      if (keep(name)) flat.push(name, this.flat[i + 1] ?? '');
    }
    return flat.length === this.flat.length ? this : Labels.fromSorted(flat);
  }

  equals(other: Labels): boolean {
    if (this === other) return true;
    const a = this.flat;
    const b = other.flat;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  /** Order of Prometheus' labels.Compare: pair by pair, a prefix first. */
  compare(other: Labels): number {
    const a = this.flat;
    const b = other.flat;
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) {
      const order = compareUtf8(a[i] ?? '', b[i] ?? '');
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }

  /** A string equal for equal sets and different for different ones; for map keys, not for people. */
  key(): string {
    return this.flat.join('\xff');
  }

  toRecord(): Record<string, string> {
    const record: Record<string, string> = Object.create(null);
    for (const [name, value] of this) record[name] = value;
    return record;
  }

  /** `{a="1", b="2"}`; names outside [a-zA-Z_][a-zA-Z0-9_]* are quoted. */
  toString(): string {
    const pairs = [...this].map(([name, value]) => `${isLegacyLabelName(name) ? name : goQuote(name)}=${goQuote(value)}`);
    return `{${pairs.join(', ')}}`;
  }
}

/** [a-zA-Z_][a-zA-Z0-9_]*: what a label name was before UTF-8 names. */
export const isLegacyLabelName = (name: string): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
/** [a-zA-Z_:][a-zA-Z0-9_:]* */
export const isLegacyMetricName = (name: string): boolean => /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
/** Any non-empty, well-formed Unicode text. */
export const isUtf8LabelName = (name: string): boolean =>
  name !== '' && !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(name);
