/**
 * Expressions by the text that they were parsed from: dashboards ask the same again and again, and what was prepared for an
 * expression stays with it. Bounded by what is kept, in characters and instructions of regular expressions (some hundred
 * bytes each); what was asked for longest ago goes first.
 */
import type { Matcher } from '../model/matcher.ts';
import type { Expr } from './ast.ts';
import { selectorsOf } from './ast-walk.ts';

const WEIGHT_MAX = 200_000;
/** Longer ones are asked by programs, each once. */
const CHARS_MAX = 10_000;

export class ExpressionCache {
  /** In the order of their last use. */
  readonly #kept = new Map<string, { readonly expr: Expr; readonly weight: number }>();
  readonly #weightMax: number;
  #weight = 0;

  constructor(weightMax = WEIGHT_MAX) {
    this.#weightMax = weightMax;
  }

  get(text: string): Expr | null {
    const found = this.#kept.get(text);
    if (found === undefined) return null;
    this.#kept.delete(text);
    this.#kept.set(text, found);
    return found.expr;
  }

  /** One that is not kept yet. */
  add(text: string, expr: Expr): void {
    if (text.length > CHARS_MAX) return;
    const weight = text.length + instructionsOf(expr);
    if (weight > this.#weightMax) return;
    this.#kept.set(text, { expr, weight });
    this.#weight += weight;
    for (const [oldest, { weight: freed }] of this.#kept) {
      if (this.#weight <= this.#weightMax) break;
      this.#kept.delete(oldest);
      this.#weight -= freed;
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#weight = 0;
  }
}

const instructionsOf = (expr: Expr): number => selectorsOf(expr).reduce((sum, matchers) => sum + sizeOf(matchers), 0);
const sizeOf = (matchers: readonly Matcher[]): number => matchers.reduce((sum, { regex }) => sum + (regex?.size ?? 0), 0);
