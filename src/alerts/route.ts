/**
 * The routing tree: which receivers an alert goes to and how it is grouped on the way. Depth-first, left to right; a node's
 * children are tried until one matches that does not continue; a node none of whose children matched takes the alert
 * itself. Follows Alertmanager's dispatch/route.go. Reading YAML, and checking that receivers and intervals exist, is the
 * config's work.
 *
 * Hot path: `match` runs for every alert that is new. Wide nodes find their children by the value of an equality matcher.
 */
import { goQuote } from '../lib/go-quote.ts';
import { Labels } from '../model/labels.ts';
import { type Matcher, matchesValue } from '../model/matcher.ts';
import { type DurationMs, durationMs } from '../model/time.ts';
import type { GroupKey } from './event.ts';
import { MatcherIndex } from './matcher-index.ts';
import { compareAlertMatchers, printAlertMatchers } from './matcher-text.ts';

/** One node as written. Null: as the parent has it. */
export type RouteConfig = {
  /** The root must name one. */
  readonly receiver: string | null;
  /** `all` is the written `['...']`; an empty list puts everything into one group. */
  readonly groupBy: readonly string[] | 'all' | null;
  /** `match`, `match_re` (its pattern wrapped as `^(?:…)$`) and `matchers` together. */
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly groupWaitMs: DurationMs | null;
  readonly groupIntervalMs: DurationMs | null;
  readonly repeatIntervalMs: DurationMs | null;
  /** Not inherited. */
  readonly muteTimeIntervals: readonly string[];
  /** Not inherited. */
  readonly activeTimeIntervals: readonly string[];
  /** Merged with the parent's, name by name; values are templates. */
  readonly labels: readonly (readonly [name: string, template: string])[];
  readonly children: readonly RouteConfig[];
};

/** A node with everything it inherits. */
export type Route = {
  /** Unique: matcher sets and sibling positions from the root. */
  readonly id: string;
  /** Matcher sets from the root, joined with `/`; siblings may share it. */
  readonly key: string;
  readonly receiver: string;
  readonly groupBy: ReadonlySet<string> | 'all';
  readonly groupWaitMs: DurationMs;
  readonly groupIntervalMs: DurationMs;
  readonly repeatIntervalMs: DurationMs;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly labels: readonly (readonly [name: string, template: string])[];
  /** Its own, sorted by name, then value. */
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  readonly children: readonly Route[];
};

/** What became of one node when labels were routed. */
export type RouteTrace = {
  readonly route: Route;
  /**
   * `chosen`: takes the alert. `entered`: matched, and a child took it. `failed`: a matcher did not match.
   * `not_reached`: an earlier sibling matched and does not continue.
   */
  readonly verdict: 'chosen' | 'entered' | 'failed' | 'not_reached';
  /** The first matcher that failed, and the value it saw ('' where the label is absent). */
  readonly failed: { readonly matcher: Matcher; readonly value: string } | null;
  readonly children: readonly RouteTrace[];
};

const ROOT_DEFAULTS = {
  groupBy: new Set<string>(),
  groupWaitMs: durationMs(30_000),
  groupIntervalMs: durationMs(300_000),
  repeatIntervalMs: durationMs(14_400_000),
  labels: [],
} as const;

/** Nodes with fewer children are searched one by one. */
const INDEXED_CHILDREN_MIN = 8;

export class RouteTree {
  readonly root: Route;
  readonly #indexes = new Map<Route, MatcherIndex>();

  constructor(config: RouteConfig) {
    this.root = this.#build(config, null, 0);
  }

  /** The nodes that take an alert with these labels, in order; never empty, for the root matches everything. */
  match(labels: Labels): readonly Route[] {
    const taken: Route[] = [];
    this.#collect(this.root, labels, taken);
    return taken;
  }

  /** As `match`, with a reason for every node. */
  trace(labels: Labels): RouteTrace {
    return trace(this.root, labels);
  }

  /** Every node, parents before children. */
  *walk(): IterableIterator<Route> {
    const stack = [this.root];
    for (let route = stack.pop(); route !== undefined; route = stack.pop()) {
      yield route;
      stack.push(...route.children.toReversed());
    }
  }

  /** Adds the nodes below and including `route`, whose own matchers the caller has checked, that take the alert. */
  #collect(route: Route, labels: Labels, taken: Route[]): void {
    const before = taken.length;
    const index = this.#indexes.get(route);
    const { children } = route;
    if (index === undefined) {
      for (const child of children) if (this.#enter(child, labels, taken)) break;
    } else {
      for (const at of index.candidates(labels)) if (this.#enter(children[at] as Route, labels, taken)) break;
    }
    if (taken.length === before) taken.push(route);
  }

  /** True when the child matched and keeps the alert from its later siblings. */
  #enter(child: Route, labels: Labels, taken: Route[]): boolean {
    if (firstFailing(child.matchers, labels) !== null) return false;
    this.#collect(child, labels, taken);
    return !child.continue;
  }

  #build(config: RouteConfig, parent: Route | null, position: number): Route {
    const inherited = parent ?? { ...ROOT_DEFAULTS, receiver: '' };
    const matchers = config.matchers.toSorted(compareAlertMatchers);
    const set = printAlertMatchers(matchers);
    const children: Route[] = [];
    const route: Route = {
      id: parent === null ? set : `${parent.id}/${set}/${position}`,
      key: parent === null ? set : `${parent.key}/${set}`,
      receiver: config.receiver ?? inherited.receiver,
      groupBy: typeof config.groupBy === 'string' ? config.groupBy : config.groupBy === null ? inherited.groupBy : new Set(config.groupBy),
      groupWaitMs: config.groupWaitMs ?? inherited.groupWaitMs,
      groupIntervalMs: config.groupIntervalMs ?? inherited.groupIntervalMs,
      repeatIntervalMs: config.repeatIntervalMs ?? inherited.repeatIntervalMs,
      muteTimeIntervals: config.muteTimeIntervals,
      activeTimeIntervals: config.activeTimeIntervals,
      labels: config.labels.length === 0 ? inherited.labels : [...new Map([...inherited.labels, ...config.labels])],
      matchers,
      continue: config.continue,
      children,
    };
    config.children.forEach((child, i) => {
      children.push(this.#build(child, route, i));
    });
    if (children.length >= INDEXED_CHILDREN_MIN) this.#indexes.set(route, new MatcherIndex(children.map(({ matchers }) => matchers)));
    return route;
  }
}

/** The labels an alert is grouped by: those of group_by that it has. */
export function groupLabelsOf(route: Pick<Route, 'groupBy'>, labels: Labels): Labels {
  const { groupBy } = route;
  if (groupBy === 'all') return labels;
  if (groupBy.size === 0) return Labels.empty;
  return labels.filter((name) => groupBy.has(name));
}

/** `routeKey:{a="1", b="2"}`. */
export function groupKeyOf(routeKey: string, groupLabels: Labels): GroupKey {
  const pairs = [...groupLabels].map(([name, value]) => `${name}=${goQuote(value)}`);
  return `${routeKey}:{${pairs.join(', ')}}` as GroupKey;
}

function firstFailing(matchers: readonly Matcher[], labels: Labels): Matcher | null {
  for (const matcher of matchers) if (!matchesValue(matcher, labels.get(matcher.name))) return matcher;
  return null;
}

/** Traces a node whose matchers match. */
function trace(route: Route, labels: Labels): RouteTrace {
  const children: RouteTrace[] = [];
  let taken = false;
  let closed = false;
  for (const child of route.children) {
    const matcher = closed ? null : firstFailing(child.matchers, labels);
    if (closed) children.push({ route: child, verdict: 'not_reached', failed: null, children: [] });
    else if (matcher !== null) {
      children.push({ route: child, verdict: 'failed', failed: { matcher, value: labels.get(matcher.name) }, children: [] });
    } else {
      children.push(trace(child, labels));
      taken = true;
      closed = !child.continue;
    }
  }
  return { route, verdict: taken ? 'entered' : 'chosen', failed: null, children };
}
