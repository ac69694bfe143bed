import fc from 'fast-check';
import { expect, test } from 'vitest';
import { childRoute, rootRoute } from '../../test/support/test-router.ts';
import { Labels } from '../model/labels.ts';
import { type Matcher, matchesLabels } from '../model/matcher.ts';
import { alertMatcher } from './matcher-text.ts';
import { groupKeyOf, groupLabelsOf, type Route, type RouteConfig, type RouteTrace, RouteTree } from './route.ts';

const VALUES = ['', 'x', 'y', 'z'];
const NAMES = ['a', 'b', 'c'];

const anyMatcher = fc
  .record({
    name: fc.constantFrom(...NAMES),
    op: fc.constantFrom('=', '!=', '=~', '!~'),
    value: fc.constantFrom(...VALUES, 'x|y', '.+', 'x|'),
  })
  .map(({ name, op, value }) => alertMatcher(name, op, value) as Matcher);
const anyRoute: fc.Arbitrary<RouteConfig> = fc.letrec<{ route: RouteConfig }>((tie) => ({
  route: fc
    .record({
      matchers: fc.array(anyMatcher, { maxLength: 2 }),
      continue: fc.boolean(),
      children: fc.oneof({ depthSize: 'small' }, fc.constant<RouteConfig[]>([]), fc.array(tie('route'), { maxLength: 12 })),
    })
    .map(childRoute),
})).route;
const anyLabels = fc.record({ a: fc.constantFrom(...VALUES), b: fc.constantFrom(...VALUES), c: fc.constantFrom(...VALUES) }).map(Labels.of);

/** The definition, without an index. */
function taken(route: Route, labels: Labels): readonly Route[] {
  const found: Route[] = [];
  for (const child of route.children) {
    if (!matchesLabels(child.matchers, labels)) continue;
    found.push(...taken(child, labels));
    if (!child.continue) break;
  }
  return found.length > 0 ? found : [route];
}

const chosen = (trace: RouteTrace): readonly Route[] => (trace.verdict === 'chosen' ? [trace.route] : trace.children.flatMap(chosen));

test('the index and the trace find what the definition says', () => {
  fc.assert(
    fc.property(fc.array(anyRoute, { maxLength: 14 }), anyLabels, (children, labels) => {
      const tree = new RouteTree(rootRoute({ children }));
      const ids = taken(tree.root, labels).map(({ id }) => id);
      expect(tree.match(labels).map(({ id }) => id)).toEqual(ids);
      expect(chosen(tree.trace(labels)).map(({ id }) => id)).toEqual(ids);
    }),
  );
});

test('a trace says which matcher failed on what, and which nodes nobody asked', () => {
  const team = (value: string): Matcher => alertMatcher('team', '=', value) as Matcher;
  const tree = new RouteTree(rootRoute({ children: ['a', 'b', 'c'].map((value) => childRoute({ matchers: [team(value)] })) }));
  expect(tree.trace(Labels.of({ team: 'b' })).children.map(({ verdict, failed }) => [verdict, failed?.value ?? null])).toEqual([
    ['failed', 'b'],
    ['chosen', null],
    ['not_reached', null],
  ]);
});

test('an alert is grouped by the labels that it has', () => {
  const labels = Labels.of({ alertname: 'A', zone: 'x"y', team: 'z' });
  const grouped = groupLabelsOf({ groupBy: new Set(['zone', 'alertname', 'absent']) }, labels);
  expect(groupKeyOf('{}/{team="z"}', grouped)).toBe('{}/{team="z"}:{alertname="A", zone="x\\"y"}');
  expect(groupLabelsOf({ groupBy: 'all' }, labels)).toBe(labels);
});
