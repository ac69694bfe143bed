/** Where alerts go: a label set led through the routing tree with a reason at every node, and the receivers that there are. */
import { z } from '@hono/zod-openapi';
import { printAlertMatcher } from '../../alerts/matcher-text.ts';
import type { Route, RouteTrace } from '../../alerts/route.ts';
import { groupLabelsOf } from '../../alerts/route.ts';
import type { GroupTrace, RoutingTrace } from '../../alerts/router-view.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Labels } from '../../model/labels.ts';
import type { RoutingBackend } from './backend.ts';
import type { Endpoints } from './endpoints.ts';
import { isoOrNull, labelRecord, labelSet, time } from './parameters.ts';

type RouteNode = {
  receiver: string;
  matchers: string[];
  continue: boolean;
  verdict: 'chosen' | 'entered' | 'failed' | 'not_reached';
  failed: { matcher: string; value: string } | null;
  routes: RouteNode[];
};

const nodeSchema: z.ZodType<RouteNode> = z
  .object({
    receiver: z.string(),
    matchers: z.array(z.string()).openapi({ description: 'Of this node; those of the nodes above have matched.' }),
    continue: z.boolean(),
    verdict: z.enum(['chosen', 'entered', 'failed', 'not_reached']).openapi({
      description:
        'chosen: takes the alert; entered: matched, and a node below takes it; failed: a matcher did not match; not_reached: an earlier sibling matched and does not continue.',
    }),
    failed: z
      .object({ matcher: z.string(), value: z.string().openapi({ description: 'That the label has; "" where it is absent.' }) })
      .nullable()
      .openapi({ description: 'The first matcher that did not match.' }),
    routes: z.array(z.lazy(() => nodeSchema)),
  })
  .openapi('RouteNode');

const groupSchema = z.object({
  receiver: z.string(),
  groupKey: z.string(),
  groupLabels: labelRecord,
  groupWait: z.string().openapi({ example: '30s' }),
  groupInterval: z.string(),
  repeatInterval: z.string(),
  muteTimeIntervals: z.array(z.string()),
  activeTimeIntervals: z.array(z.string()),
  muted: z
    .object({ reason: z.enum(['mute_time_interval', 'outside_active_time_interval']), by: z.array(z.string()) })
    .nullable()
    .openapi({ description: 'The time intervals that hold the group back now.' }),
  nextFlushAt: time.nullable().openapi({ description: 'When the group is looked at next; null: there is no such group yet.' }),
  memberCount: z.number().int().openapi({ description: 'Alerts that are in it now.' }),
  isMember: z.boolean().openapi({ description: 'Whether an alert with exactly these labels is.' }),
});

const testSchema = z
  .object({
    receivers: z.array(z.string()).openapi({ description: 'That would be notified, in the order of the routes.' }),
    route: nodeSchema,
    groups: z.array(groupSchema).openapi({ description: 'One for each node that takes the alert.' }),
    inhibitedBy: z
      .object({ rule: z.string().openapi({ description: "The inhibition rule's name; may be empty." }), fingerprint: z.string() })
      .nullable()
      .openapi({ description: 'An alert that fires now and would hold this one back.' }),
    silencedBy: z.array(z.string()).openapi({ description: 'Ids of silences that would.' }),
  })
  .openapi('RoutingTest');

const receiverSchema = z
  .object({
    name: z.string(),
    labels: labelRecord,
    integrations: z.array(
      z.object({
        name: z.string().openapi({ example: 'email' }),
        index: z.number().int().openapi({ description: 'Among those of that name, from 0.' }),
        sendResolved: z.boolean(),
      }),
    ),
  })
  .openapi('Receiver');

export function addRouting(endpoints: Endpoints, backend: RoutingBackend): void {
  endpoints.add(
    {
      method: 'post',
      path: '/routes/test',
      tag: 'routing',
      summary: 'Where an alert with these labels would go now, and why',
      description:
        'Every node of the routing tree that was tried, and for each that takes the alert its group, timers and time intervals. Nothing is sent or stored.',
      body: z.strictObject({ labels: labelSet('Of the alert.') }),
      answer: testSchema,
    },
    ({ body: { labels } }) => testJson(backend.trace(labels), labels),
  );

  endpoints.add(
    {
      method: 'get',
      path: '/receivers',
      tag: 'routing',
      summary: 'Receivers and their integrations',
      description: 'Of the configuration in force, in its order.',
      answer: z.object({ receivers: z.array(receiverSchema) }),
    },
    () => ({
      receivers: backend.receivers().map(({ name, labels, integrations }) => ({
        name,
        labels: { ...labels },
        integrations: integrations.map((integration) => ({ ...integration })),
      })),
    }),
  );
}

function testJson(trace: RoutingTrace, labels: Labels): z.input<typeof testSchema> {
  const { route, groups, inhibitedBy, silencedBy } = trace;
  const routes = new Map(chosen(route).map((taken) => [taken.id, taken]));
  return {
    receivers: [...new Set(groups.map(({ receiver }) => receiver))],
    route: nodeJson(route),
    groups: groups.map((group) => groupJson(group, routes, labels)),
    inhibitedBy: inhibitedBy === null ? null : { rule: inhibitedBy.rule.name, fingerprint: inhibitedBy.fingerprint },
    silencedBy: [...silencedBy],
  };
}

const chosen = ({ route, verdict, children }: RouteTrace): readonly Route[] => [
  ...(verdict === 'chosen' ? [route] : []),
  ...children.flatMap(chosen),
];

function nodeJson({ route, verdict, failed, children }: RouteTrace): RouteNode {
  return {
    receiver: route.receiver,
    matchers: route.matchers.map(printAlertMatcher),
    continue: route.continue,
    verdict,
    failed: failed === null ? null : { matcher: printAlertMatcher(failed.matcher), value: failed.value },
    routes: children.map(nodeJson),
  };
}

function groupJson(group: GroupTrace, routes: ReadonlyMap<string, Route>, labels: Labels): z.input<typeof groupSchema> {
  const { groupKey, receiver, routeId, muting, nextFlushAt, memberCount, isMember } = group;
  const route = routes.get(routeId);
  if (route === undefined) throw new Error(`BUG: the trace takes no route ${routeId}`);
  return {
    receiver,
    groupKey,
    groupLabels: groupLabelsOf(route, labels).toRecord(),
    groupWait: formatDuration(route.groupWaitMs),
    groupInterval: formatDuration(route.groupIntervalMs),
    repeatInterval: formatDuration(route.repeatIntervalMs),
    muteTimeIntervals: [...route.muteTimeIntervals],
    activeTimeIntervals: [...route.activeTimeIntervals],
    muted: muting === null ? null : { reason: muting.reason, by: [...muting.by] },
    nextFlushAt: isoOrNull(nextFlushAt),
    memberCount,
    isMember,
  };
}
