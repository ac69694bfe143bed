/** The number that a notification goes to: as configured, or as its template makes it of the labels. */
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { numberProblem } from './number.ts';

export function numberIn(to: string, input: SendInput): { readonly number: string } | { readonly why: string } {
  const render = new FieldRenderer(input);
  const number = render.text(to).trim();
  const [error] = render.errors;
  if (error !== undefined) return { why: `invalid_number: the template of "to" failed: ${error}` };
  const problem = numberProblem(number);
  return problem === null ? { number } : { why: `invalid_number: ${problem.message}; ${problem.hint}` };
}

export const isTemplate = (to: string): boolean => to.includes('{{');
