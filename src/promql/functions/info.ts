/**
 * info(v, {selector}): adds to each series the labels of the info series (target_info by default) with the same job and
 * instance. prometheus/promql/info.go. The info series are selected only now, when it is known which jobs and instances
 * there are.
 */
import { Labels, METRIC_NAME } from '../../model/labels.ts';
import { equalMatcher, type Matcher, makeMatcher, matchesValue } from '../../model/matcher.ts';
import { regexOfTexts } from '../../model/regex.ts';
import { type Evaluation, LABELS_WORK, type StepRange } from '../evaluation.ts';
import { executionError } from '../query-error.ts';
import { type CallPlan, childrenOfPlan, type Plan, type SelectorPlan } from '../query-plan.ts';
import { evaluateSelector } from '../selector-evaluation.ts';
import { ABSENT, mergeEqualRows, SeriesBlock } from '../series-block.ts';

const IDENTIFYING = ['instance', 'job'];

export function* evaluateInfo(evaluation: Evaluation, call: CallPlan, base: SeriesBlock, range: StepRange): Generator<void, SeriesBlock> {
  const selector = call.args[1];
  const matchers = selector?.kind === 'selector' ? selector.matchers : [];
  const names = infoNameMatchers(matchers.filter(({ name }) => name === METRIC_NAME));
  const dataMatchers = matchers.filter(({ name }) => name !== METRIC_NAME);
  /** Info series themselves stay as they are. */
  const isInfo = base.labels.map((labels) => names.every((matcher) => matchesValue(matcher, labels.get(METRIC_NAME))));
  const identities = identityMatchers(base, isInfo);
  let info = new SeriesBlock(range.steps, 0);
  if (identities.length > 0) {
    const plan = infoSelector([...identities, ...dataMatchers, ...names], call);
    info = yield* evaluateSelector(evaluation, plan, range, 'info_time');
  }
  const result = yield* new InfoJoin(evaluation, base, info, isInfo, dataMatchers).run();
  evaluation.drop(info);
  return result;
}

/** Only what a name must not be leaves everything that is called like an info metric. */
function infoNameMatchers(given: readonly Matcher[]): readonly Matcher[] {
  if (given.length === 0) return [equalMatcher(METRIC_NAME, 'target_info')];
  if (given.some(({ op }) => op === '=' || op === '=~')) return given;
  const anyInfo = makeMatcher(METRIC_NAME, '=~', '.+_info');
  if ('error' in anyInfo) throw new Error(`BUG: ${anyInfo.error}`);
  return [anyInfo, ...given];
}

/** The jobs and instances that the series to be enriched have; rows without samples are no series. */
function identityMatchers(base: SeriesBlock, isInfo: readonly boolean[]): readonly Matcher[] {
  return IDENTIFYING.flatMap((name): Matcher[] => {
    const values = new Set<string>();
    base.labels.forEach((labels, row) => {
      if (isInfo[row] !== true && labels.has(name) && !base.isRowEmpty(row)) values.add(labels.get(name));
    });
    if (values.size === 0) return [];
    const regex = regexOfTexts([...values]);
    return [{ name, op: '=~', value: regex.source, regex }];
  });
}

/** Info series are looked at when the first selector of the first argument is: with its `@` and offsets. */
function infoSelector(matchers: readonly Matcher[], call: CallPlan): SelectorPlan {
  const { atMs, offsetMs } = timeOfFirstSelector(call.args[0], []) ?? { atMs: null, offsetMs: 0 };
  return { kind: 'selector', matchers, offsetMs, atMs, isAnchored: false, isSmoothed: false, statsOnly: false, span: call.span };
}

function timeOfFirstSelector(
  plan: Plan | undefined,
  path: readonly Plan[],
): { readonly atMs: number | null; readonly offsetMs: number } | null {
  if (plan === undefined) return null;
  if (plan.kind === 'selector') {
    let { atMs, offsetMs } = plan;
    for (const outer of path.toReversed()) {
      if (atMs !== null) break;
      if (outer.kind !== 'subquery') continue;
      offsetMs += outer.offsetMs;
      atMs = outer.atMs;
    }
    return { atMs, offsetMs };
  }
  for (const child of childrenOfPlan(plan)) {
    const found = timeOfFirstSelector(child, [...path, plan]);
    if (found !== null) return found;
  }
  return null;
}

/** Info rows by metric name and identity. */
type InfoGroup = { readonly rows: number[]; readonly chosen: Int32Array };

class InfoJoin {
  readonly #evaluation: Evaluation;
  readonly #base: SeriesBlock;
  readonly #info: SeriesBlock;
  readonly #isInfo: readonly boolean[];
  readonly #dataMatchers: readonly Matcher[];
  readonly #dataNames: ReadonlySet<string>;
  readonly #groups = new Map<string, InfoGroup>();
  readonly #metricNames = new Set<string>();

  constructor(evaluation: Evaluation, base: SeriesBlock, info: SeriesBlock, isInfo: readonly boolean[], dataMatchers: readonly Matcher[]) {
    this.#evaluation = evaluation;
    this.#base = base;
    this.#info = info;
    this.#isInfo = isInfo;
    this.#dataMatchers = dataMatchers;
    this.#dataNames = new Set(dataMatchers.map(({ name }) => name));
  }

  *run(): Generator<void, SeriesBlock> {
    const base = this.#base;
    yield* this.#chooseNewest();
    const result = new SeriesBlock(base.steps, base.rows);
    // Without a match a series stays, unless a label was asked for that it then cannot have.
    const staysUnmatched = this.#dataMatchers.every((matcher) => matchesValue(matcher, ''));
    for (let row = 0; row < base.rows; row++) {
      const labels = base.labels[row] ?? Labels.empty;
      const groups =
        this.#isInfo[row] === true ? [] : [...this.#metricNames].flatMap((name) => this.#groups.get(identity(name, labels)) ?? []);
      const rowOf = new Map<string, number>();
      for (let step = 0; step < base.steps; step++) {
        const cell = row * base.steps + step;
        if (base.kinds[cell] === ABSENT) continue;
        const chosen = groups.map((group) => group.chosen[step] ?? -1).filter((info) => info !== -1);
        if (chosen.length === 0 && this.#isInfo[row] !== true && !staysUnmatched) continue;
        const key = chosen.join();
        let to = rowOf.get(key);
        if (to === undefined) {
          to = result.addRow(this.#enriched(labels, chosen), base.dropsName[row] ?? false);
          this.#evaluation.touchCells(result.cells);
          rowOf.set(key, to);
        }
        result.copyCell(to + step, base, cell);
      }
      if (this.#evaluation.isSliceOver(LABELS_WORK + base.steps * (groups.length + 1))) yield;
    }
    result.hasUniqueLabels = false;
    return yield* mergeEqualRows(this.#evaluation, result);
  }

  /** Of info series with one identity, the sample that was scraped last counts. */
  *#chooseNewest(): Generator<void, void> {
    const info = this.#info;
    const { steps } = info;
    const isBaseEmpty = (step: number): boolean => {
      for (let cell = step; cell < this.#base.rows * steps; cell += steps) if (this.#base.kinds[cell] !== ABSENT) return false;
      return true;
    };
    for (let row = 0; row < info.rows; row++) {
      if (this.#evaluation.isSliceOver(LABELS_WORK + steps)) yield;
      const labels = info.labels[row] ?? Labels.empty;
      this.#metricNames.add(labels.get(METRIC_NAME));
      const key = identity(labels.get(METRIC_NAME), labels);
      let group = this.#groups.get(key);
      if (group === undefined) this.#groups.set(key, (group = { rows: [], chosen: new Int32Array(steps).fill(-1) }));
      group.rows.push(row);
      for (let step = 0; step < steps; step++) {
        if (info.kinds[row * steps + step] === ABSENT) continue;
        const other = group.chosen[step] ?? -1;
        const atMs = info.values[row * steps + step] ?? 0;
        const otherMs = other === -1 ? -Infinity : (info.values[other * steps + step] ?? 0);
        if (atMs > otherMs) group.chosen[step] = row;
        else if (atMs === otherMs && !isBaseEmpty(step)) {
          const existing = (info.labels[other] ?? Labels.empty).toString();
          throw executionError(
            `found duplicate series for info metric: existing ${existing} @ ${otherMs}, new ${labels.toString()} @ ${atMs}`,
          );
        }
      }
    }
  }

  #enriched(labels: Labels, infoRows: readonly number[]): Labels {
    const added = new Map<string, string>();
    for (const row of infoRows) {
      for (const [name, value] of this.#info.labels[row] ?? Labels.empty) {
        if (name === METRIC_NAME || (this.#dataNames.size > 0 && !this.#dataNames.has(name))) continue;
        const known = added.get(name);
        if (known !== undefined && known !== value) throw executionError(`conflicting label: ${name}`);
        if (!labels.has(name)) added.set(name, value);
      }
    }
    return added.size === 0 ? labels : labels.with(added);
  }
}

const identity = (metricName: string, labels: Labels): string => [metricName, ...IDENTIFYING.map((name) => labels.get(name))].join('\xff');
