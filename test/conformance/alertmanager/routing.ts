/** alertmanager/routing: which routes take an alert, route keys and ids, group labels and keys. */
import { parse } from 'yaml';
import { groupKeyOf, groupLabelsOf, type Route, RouteTree } from '../../../src/alerts/route.ts';
import { formatDuration } from '../../../src/model/duration.ts';
import { Labels } from '../../../src/model/labels.ts';
import { type RouteYaml, routeConfig } from '../../support/alertmanager-yaml.ts';
import type { KindRunner } from '../kind.ts';
import { checkTable, readTable } from './table.ts';

type Strings = Readonly<Record<string, string>>;
type WantedRoute = Readonly<Record<string, unknown>>;
type MatchCase = {
  readonly tree: string;
  readonly labels: Strings;
  readonly receivers: readonly string[];
  readonly routes: readonly WantedRoute[];
};
type IdsCase = { readonly tree: string; readonly route_ids: readonly string[]; readonly walk_receivers: readonly string[] };
type GroupCase = {
  readonly labels?: Strings;
  readonly group_by?: readonly string[];
  readonly group_by_all?: boolean;
  readonly group_labels: Strings;
  readonly route_key?: string;
  readonly group_key?: string;
};

const treeOf = (yaml: string): RouteTree => new RouteTree(routeConfig(parse(yaml) as RouteYaml));

/** The fields of a route under the tables' names. */
function described(route: Route, labels: Labels): WantedRoute {
  return {
    receiver: route.receiver,
    route_key: route.key,
    route_id: route.id,
    group_by_all: route.groupBy === 'all',
    group_by: route.groupBy === 'all' ? [] : [...route.groupBy].sort(),
    group_wait: formatDuration(route.groupWaitMs),
    group_interval: formatDuration(route.groupIntervalMs),
    repeat_interval: formatDuration(route.repeatIntervalMs),
    group_labels: groupLabelsOf(route, labels).toRecord(),
    mute_time_intervals: route.muteTimeIntervals,
    active_time_intervals: route.activeTimeIntervals,
    route_labels: Object.fromEntries(route.labels),
  };
}

/** A table row names only what it cares for; group_by compares as a set. */
function asWanted(wanted: WantedRoute | undefined, got: WantedRoute): WantedRoute {
  return Object.fromEntries(Object.entries(got).filter(([name]) => wanted === undefined || name in wanted));
}

const sorted = (wanted: WantedRoute): WantedRoute =>
  'group_by' in wanted ? { ...wanted, group_by: [...(wanted['group_by'] as string[])].sort() } : wanted;

/** The routes that a trace says take the alert. */
function chosen(node: ReturnType<RouteTree['trace']>): readonly Route[] {
  return node.verdict === 'chosen' ? [node.route] : node.children.flatMap(chosen);
}

export const run: KindRunner = async (dir) => {
  const { trees } = readTable<MatchCase, { readonly trees: Strings }>(dir, 'match.json');
  const built = new Map(Object.entries(trees).map(([name, yaml]) => [name, treeOf(yaml)]));
  return [
    ...(await checkTable<MatchCase>(dir, 'match.json', (item) => ({
      expected: { receivers: item.receivers, routes: item.routes.map(sorted), traced: item.receivers },
      run: () => {
        const tree = built.get(item.tree);
        if (tree === undefined) throw new Error(`no tree ${item.tree}`);
        const labels = Labels.of(item.labels);
        const routes = tree.match(labels);
        return {
          receivers: routes.map((route) => route.receiver),
          routes: routes.map((route, i) => asWanted(item.routes[i], described(route, labels))),
          traced: chosen(tree.trace(labels)).map((route) => route.receiver),
        };
      },
    }))),
    ...(await checkTable<IdsCase>(dir, 'ids.json', (item) => ({
      expected: { ids: item.route_ids, receivers: item.walk_receivers },
      run: () => {
        const routes = [...treeOf(item.tree).walk()];
        return { ids: routes.map((route) => route.id), receivers: routes.map((route) => route.receiver) };
      },
    }))),
    ...(await checkTable<GroupCase>(dir, 'groups.json', (item) => ({
      expected: item.group_key ?? item.group_labels,
      run: () => {
        if (item.route_key !== undefined) return groupKeyOf(item.route_key, Labels.of(item.group_labels));
        const groupBy = item.group_by_all === true ? 'all' : new Set(item.group_by);
        return groupLabelsOf({ groupBy }, Labels.of(item.labels ?? {})).toRecord();
      },
    }))),
  ];
};
