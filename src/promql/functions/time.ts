/** The clock of a query: time(), timestamp() and the parts of a date in UTC. No Date objects: one is made per sample. */

import { Labels } from '../../model/labels.ts';
import { asVector, stepTime, type Value, vectorOf } from '../evaluation.ts';
import { ABSENT, FLOAT, SeriesBlock } from '../series-block.ts';
import { type CallSite, settleNameless, type VectorFunction } from '../vector-function.ts';

type CivilDate = { year: number; month: number; day: number };

const DAY_SECONDS = 86_400;
const civil: CivilDate = { year: 0, month: 0, day: 0 };

/** Days since the epoch to a date of the proleptic Gregorian calendar: years that begin in March, in eras of 400. */
function civilOf(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  civil.day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  civil.month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  civil.year = yearOfEra + era * 400 + (civil.month <= 2 ? 1 : 0);
  return civil;
}

/** Days since the epoch of the first of January. */
function daysBeforeYear(year: number): number {
  const y = year - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) - 719_162;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth(days: number): number {
  const { year, month } = civilOf(days);
  return month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0);
}

/** By the exact remainder: seconds may be too large for their product with a day's length to be exact. */
const secondOfDay = (seconds: number): number => ((seconds % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
/** The midnight before may be no double: the one next to it is less than half a day away. */
const daysOf = (seconds: number): number => Math.round((seconds - secondOfDay(seconds)) / DAY_SECONDS);

const INT64_LIMIT = 2 ** 63;
/** Whole seconds. NaN and what no 64-bit integer holds become the same far future that Go makes of them on amd64. */
const wholeSeconds = (value: number): number => (Math.abs(value) < INT64_LIMIT ? Math.trunc(value) : INT64_LIMIT);

/** The part of each value taken as seconds since the epoch; without an argument, of the evaluation time. */
const datePart =
  (part: (seconds: number) => number): VectorFunction =>
  (site) => {
    if (site.args[0] !== undefined) return mapDates(site, part);
    const block = new SeriesBlock(site.range.steps, 1);
    const row = block.addRow(Labels.empty, false);
    for (let step = 0; step < block.steps; step++) block.setFloat(row + step, part(Math.trunc(stepTime(site.range, step) / 1000)));
    return vectorOf(block);
  };

function* mapDates(site: CallSite, part: (seconds: number) => number): Generator<void, Value> {
  const block = asVector(site.args[0]);
  const { kinds, values } = block;
  for (let row = 0; row < block.rows; row++) {
    for (let cell = row * block.steps; cell < (row + 1) * block.steps; cell++) {
      if (kinds[cell] === FLOAT) values[cell] = part(wholeSeconds(values[cell] ?? 0));
      else kinds[cell] = ABSENT;
    }
    if (site.evaluation.isSliceOver(block.steps)) yield;
  }
  return yield* settleNameless(site, block);
}

/** timestamp() of what is not a selector: the samples are as old as the evaluation. */
function* timestamp(site: CallSite): Generator<void, Value> {
  const block = asVector(site.args[0]);
  for (let row = 0; row < block.rows; row++) {
    for (let step = 0, cell = row * block.steps; step < block.steps; step++, cell++) {
      if (block.kinds[cell] !== ABSENT) block.setFloat(cell, stepTime(site.range, step) / 1000);
    }
    if (site.evaluation.isSliceOver(block.steps)) yield;
  }
  return yield* settleNameless(site, block);
}

export const TIME: Readonly<Record<string, VectorFunction>> = {
  time: ({ range }) => ({ kind: 'scalar', values: new Float64Array(range.steps).map((_, step) => stepTime(range, step) / 1000) }),
  timestamp,
  /** Only stored samples have one; selectors as arguments are treated apart. */
  start_timestamp: ({ range }) => vectorOf(new SeriesBlock(range.steps, 0)),
  year: datePart((seconds) => civilOf(daysOf(seconds)).year),
  month: datePart((seconds) => civilOf(daysOf(seconds)).month),
  day_of_month: datePart((seconds) => civilOf(daysOf(seconds)).day),
  day_of_year: datePart((seconds) => daysOf(seconds) - daysBeforeYear(civilOf(daysOf(seconds)).year) + 1),
  day_of_week: datePart((seconds) => (((daysOf(seconds) + 4) % 7) + 7) % 7),
  days_in_month: datePart((seconds) => daysInMonth(daysOf(seconds))),
  hour: datePart((seconds) => Math.floor(secondOfDay(seconds) / 3600)),
  minute: datePart((seconds) => Math.floor(secondOfDay(seconds) / 60) % 60),
};
