/**
 * From a notification to a message of ntfy (docs.ntfy.sh/publish, "Publish as JSON"). All notifications of a group have one
 * sequence id: on the phone the later replaces the earlier, so that a repeated attempt is seen once, and what was firing is
 * shown as resolved in its place. Servers from before sequence ids pass over the field.
 */

import type { NotificationData } from '../../template/alertmanager-data.ts';
import { truncateBytes, truncateRunes } from '../../template/truncate.ts';
import { dedupKey } from '../dedup-key.ts';
import { emptySecret, FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { fittingText, jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import type { NtfyAction, NtfyConfig } from './config.ts';

const TITLE_RUNES_MAX = 250;
/** A longer one is delivered as a file, which no telephone shows. */
const MESSAGE_BYTES_MAX = 4096;
/** A server refuses a request that is twice as long as a message may be. */
const REQUEST_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;
/** An empty message is shown as "triggered". */
const NO_DETAILS = '(no details)';

/** `topic` is a template. */
export function ntfyRequest(config: NtfyConfig, input: SendInput, topic: string): Made {
  const render = new FieldRenderer(input);
  const rendered = render.text(topic).trim();
  if (rendered === '') return { kind: 'refused', why: emptySecret('topic', render) };
  const tags = config.tags.map((tag) => render.text(tag).trim()).filter((tag) => tag !== '');
  const head = {
    topic: rendered,
    sequence_id: dedupKey(input.groupKey),
    title: orLeftOut(truncateRunes(render.text(config.title, render.plain.subject).trim(), TITLE_RUNES_MAX).text),
    priority: priorityOf(render.text(config.priority), input.data),
    tags: tags.length === 0 ? undefined : tags,
    click: orLeftOut(render.text(config.click) || (input.links?.page ?? input.data.externalUrl)),
    icon: orLeftOut(render.text(config.icon)),
    markdown: config.markdown ? true : undefined,
    actions: config.actions.length === 0 ? undefined : config.actions.map((action) => actionOf(action, render)),
  };
  const text = render.body(config.message, { max: MESSAGE_BYTES_MAX, truncate: truncateBytes }).trim() || NO_DETAILS;
  const whole = (message: string): object => ({ ...head, message });
  return made(jsonRequest(config.url, whole(fittingText(text, REQUEST_BYTES_MAX, whole))), render);
}

function actionOf({ action, label, url, method, headers, body, clear }: NtfyAction, render: FieldRenderer): object {
  const common = { action, label: render.text(label), url: render.text(url), clear: clear ? true : undefined };
  if (action === 'view') return common;
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, render.text(value)]));
  return { ...common, method, headers: Object.keys(own).length === 0 ? undefined : own, body: orLeftOut(render.text(body)) };
}

const PRIORITIES: ReadonlyMap<string, number> = new Map([
  ['min', 1],
  ['low', 2],
  ['default', 3],
  ['high', 4],
  ['max', 5],
  ['urgent', 5],
]);

/** Words that people have for how bad it is. From 4 on a phone makes itself heard; 5 rings long and through "do not disturb". */
const SEVERITIES: ReadonlyMap<string, number> = new Map([
  ['critical', 5],
  ['page', 5],
  ['error', 4],
  ['high', 4],
  ['warning', 3],
  ['low', 2],
  ['info', 2],
  ['none', 1],
]);
/** Of an alert that does not say how bad it is. */
const UNSAID = 4;

/** As written, 1 to 5 or a word; where that is neither, by the worst alert that fires. What is over is never urgent. */
function priorityOf(written: string, { alerts }: NotificationData): number {
  const word = written.trim().toLowerCase();
  const asked = /^[1-5]$/.test(word) ? Number(word) : PRIORITIES.get(word);
  if (asked !== undefined) return asked;
  const firing = alerts.filter(({ status }) => status === 'firing');
  return Math.max(
    ...firing.map(({ labels }) => SEVERITIES.get(labels.get('severity').toLowerCase()) ?? UNSAID),
    firing.length === 0 ? 3 : 1,
  );
}
