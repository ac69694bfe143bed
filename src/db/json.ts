/** Columns that hold JSON: label sets as Labels.flat, lists and records as they are. */
import { Labels } from '../model/labels.ts';

export const labelsOut = (labels: Labels): string => JSON.stringify(labels.flat);
export const labelsIn = (text: string): Labels => Labels.fromSorted(jsonIn<string[]>(text));
/** What we wrote ourselves is read back as the type that was written. */
export const jsonIn = <T>(text: string): T => JSON.parse(text) as T;
export const jsonOut = (value: unknown): string => JSON.stringify(value);
