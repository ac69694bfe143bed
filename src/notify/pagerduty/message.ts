/**
 * From a notification to an event of PagerDuty's Events API, version 2 or 1 (alertmanager notify/pagerduty/pagerduty.go).
 * Stricter than Alertmanager where PagerDuty would refuse the event for good: an unknown severity becomes `error`, an
 * empty summary or source is filled, an image that is not at an https address is left out.
 */
import { truncateRunes } from '../../template/truncate.ts';
import { dedupKey } from '../dedup-key.ts';
import { emptySecret, FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { firstThatFits, jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import type { PlainMap } from '../plain-map.ts';
import type { PagerdutyConfig } from './config.ts';

const SUMMARY_RUNES_MAX = 1024;
const EVENT_BYTES_MAX = 512_000;
const DETAILS_REMOVED = { error: 'Custom details have been removed because the original event exceeds the maximum size of 512KB' };
const V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';
const SEVERITIES = ['critical', 'error', 'warning', 'info'];

/** Keys as they were read; they are templates. Version 1 is used where there is a service key. */
export type PagerdutyKeys = { readonly service_key: string; readonly routing_key: string };

export function pagerdutyRequest(config: PagerdutyConfig, input: SendInput, keys: PagerdutyKeys): Made {
  const render = new FieldRenderer(input);
  const isV1 = config.serviceKey !== null;
  const key = render.text(isV1 ? keys.service_key : keys.routing_key);
  if (key === '') return { kind: 'refused', why: emptySecret(isV1 ? 'service_key' : 'routing_key', render) };
  const event = isV1 ? eventV1(config, input, render, key) : eventV2(config, input, render, key);
  return made(jsonRequest(isV1 ? V1_URL : config.url, event), render);
}

/** Tells that somebody looks after the group's incident; who it is has no place in an event of version 2. */
export function acknowledgeRequest(config: PagerdutyConfig, input: SendInput, keys: PagerdutyKeys, by: string): Made {
  const render = new FieldRenderer(input);
  const isV1 = config.serviceKey !== null;
  const key = render.text(isV1 ? keys.service_key : keys.routing_key);
  if (key === '') return { kind: 'refused', why: emptySecret(isV1 ? 'service_key' : 'routing_key', render) };
  const dedup = dedupKey(input.groupKey);
  const event = isV1
    ? { service_key: key, incident_key: dedup, event_type: 'acknowledge', description: `acknowledged by ${by}` }
    : { routing_key: key, dedup_key: dedup, event_action: 'acknowledge' };
  return made(jsonRequest(isV1 ? V1_URL : config.url, event), render);
}

function eventV2(config: PagerdutyConfig, input: SendInput, render: FieldRenderer, routingKey: string): unknown {
  const severity = render.text(config.severity, 'error').toLowerCase();
  const images = config.images
    .map(({ src, alt, href }) => ({ src: render.text(src), alt: render.text(alt), href: render.text(href) }))
    .filter(({ src }) => src.startsWith('https://'));
  const links = config.links
    .map(({ href, text }) => ({ href: render.text(href), text: render.text(text) }))
    .filter(({ href }) => href !== '');
  const head = {
    routing_key: routingKey,
    dedup_key: dedupKey(input.groupKey),
    event_action: input.data.status === 'resolved' ? 'resolve' : 'trigger',
    client: orLeftOut(render.text(config.client)),
    client_url: orLeftOut(render.text(config.clientUrl, input.data.externalUrl)),
  };
  const payload = {
    summary: summaryOf(config, render),
    source: render.text(config.source) || input.data.externalUrl || 'unknown',
    severity: SEVERITIES.includes(severity) ? severity : 'error',
    class: orLeftOut(render.text(config.class)),
    component: orLeftOut(render.text(config.component)),
    group: orLeftOut(render.text(config.group)),
  };
  const pictures = { images: images.length === 0 ? undefined : images, links: links.length === 0 ? undefined : links };
  const whole = { ...head, ...pictures, payload: { ...payload, custom_details: detailsOf(config, render) } };
  const small = { ...head, payload: { ...payload, custom_details: DETAILS_REMOVED } };
  return firstThatFits([whole, { ...small, ...pictures }, small], EVENT_BYTES_MAX);
}

function eventV1(config: PagerdutyConfig, input: SendInput, render: FieldRenderer, serviceKey: string): unknown {
  const isResolved = input.data.status === 'resolved';
  const head = {
    service_key: serviceKey,
    incident_key: dedupKey(input.groupKey),
    event_type: isResolved ? 'resolve' : 'trigger',
    description: summaryOf(config, render),
    client: isResolved ? undefined : orLeftOut(render.text(config.client)),
    client_url: isResolved ? undefined : orLeftOut(render.text(config.clientUrl, input.data.externalUrl)),
    // Of version 2; Alertmanager sends them empty.
    event_action: '',
    payload: null,
  };
  return firstThatFits(
    [
      { ...head, details: detailsOf(config, render) },
      { ...head, details: DETAILS_REMOVED },
    ],
    EVENT_BYTES_MAX,
  );
}

const summaryOf = (config: PagerdutyConfig, render: FieldRenderer): string =>
  truncateRunes(render.text(config.description, render.plain.subject) || render.plain.subject, SUMMARY_RUNES_MAX).text;

/** Asked for last: where any template failed, the details say so, and hold the alerts as plain text. */
function detailsOf(config: PagerdutyConfig, render: FieldRenderer): PlainMap {
  const details = Object.fromEntries(Object.entries(config.details).map(([name, value]) => [name, render.deep(value, null)]));
  if (render.errors.length === 0) return details;
  return { ...details, template_error: render.errors.join('; '), alerts: render.plain.text };
}
