/** HELP, TYPE and UNIT of the metric families that one target exposes, for the API and for rules that ask for a type. */
import type { MetricMetadata } from '../model/storage.ts';

type Family = { type: string; help: string; unit: string; lastScrape: number };

/** One metadata line as understood, so that the same bytes need not be understood again. */
export type MetadataLine = { readonly family: string; readonly field: 'type' | 'help' | 'unit'; readonly value: string };

/** A family stays this many scrapes after its last line, so that a gap does not blank the API. */
const SCRAPES_KEPT = 10;

export class TargetMetadata {
  readonly #families = new Map<string, Family>();
  #scrape = 0;

  apply({ family: name, field, value }: MetadataLine): void {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { type: 'unknown', help: '', unit: '', lastScrape: 0 };
      this.#families.set(name, family);
    }
    family[field] = value;
    family.lastScrape = this.#scrape;
  }

  endScrape(): void {
    for (const [name, { lastScrape }] of this.#families) if (this.#scrape - lastScrape > SCRAPES_KEPT) this.#families.delete(name);
    this.#scrape++;
  }

  get size(): number {
    return this.#families.size;
  }

  get(family: string): MetricMetadata | null {
    const known = this.#families.get(family);
    return known === undefined ? null : { type: known.type, help: known.help, unit: known.unit };
  }

  *[Symbol.iterator](): IterableIterator<readonly [family: string, metadata: MetricMetadata]> {
    for (const [name, { type, help, unit }] of this.#families) yield [name, { type, help, unit }];
  }
}
