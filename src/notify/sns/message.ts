/** From a notification to an SNS Publish call in Amazon's query API (alertmanager notify/sns/sns.go). */
import { queryEscape } from '../../lib/query-escape.ts';
import { firstRunes } from '../../lib/runes.ts';
import { utf8Length } from '../../lib/utf8-bytes.ts';
import type { Truncated } from '../../template/truncate.ts';
import { dedupKey } from '../dedup-key.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { type Made, made, type Outgoing } from '../outgoing.ts';
import type { SnsConfig } from './config.ts';

const MESSAGE_BYTES_MAX = 256 * 1024;
const PHONE_MESSAGE_BYTES_MAX = 1600;
/** Amazon refuses a longer subject, and control characters in one. */
const SUBJECT_RUNES_MAX = 100;

/** Without its signature. */
export function snsRequest(config: SnsConfig, input: SendInput, region: string): Made {
  const render = new FieldRenderer(input);
  const topicArn = render.text(config.topicArn);
  const targets = { TopicArn: topicArn, TargetArn: render.text(config.targetArn), PhoneNumber: render.text(config.phoneNumber) };
  const apiUrl = render.text(config.apiUrl) || awsUrl('sns', region);
  if (Object.values(targets).every((target) => target === ''))
    return { kind: 'refused', why: `there is no target left after templating${render.errors.map((error) => `: ${error}`).join('')}` };
  const isFifo = topicArn.endsWith('.fifo');
  const key = isFifo ? dedupKey(input.groupKey) : '';
  const subject = firstRunes(render.text(config.subject, render.plain.subject).replace(CONTROL, ' ').trim(), SUBJECT_RUNES_MAX);
  const attributes = Object.entries(config.attributes).map(([name, value]): [string, string] => [render.text(name), render.text(value)]);
  const max = targets.PhoneNumber === '' ? MESSAGE_BYTES_MAX : PHONE_MESSAGE_BYTES_MAX;
  const whole = render.body(config.message, { max: MESSAGE_BYTES_MAX, truncate: cutBytes }) || render.plain.text;
  const message = cutBytes(whole, max);
  if (message.isTruncated) attributes.push(['truncated', 'true']);
  const parameters = [
    ['Action', 'Publish'],
    ['Version', '2010-03-31'],
    ...Object.entries(targets),
    ['Subject', subject],
    ['Message', message.text],
    ['MessageDeduplicationId', key],
    ['MessageGroupId', key],
    // Amazon refuses an attribute without a value.
    ...attributes.filter(([name, value]) => name !== '' && value !== '').flatMap(attributeParameters),
  ] as const;
  return made(formRequest(apiUrl, parameters), render);
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\x00-\x1f\x7f]+/g;

const attributeParameters = ([name, value]: readonly [string, string], index: number): readonly (readonly [string, string])[] => {
  const entry = `MessageAttributes.entry.${index + 1}`;
  return [
    [`${entry}.Name`, name],
    [`${entry}.Value.DataType`, 'String'],
    [`${entry}.Value.StringValue`, value],
  ];
};

/** As many whole runes as fit, without a mark: a text message is paid for by its length. */
function cutBytes(text: string, max: number): Truncated {
  if (utf8Length(text) <= max) return { text, isTruncated: false };
  let length = 0;
  let end = 0;
  for (const rune of text) {
    length += utf8Length(rune);
    if (length > max) break;
    end += rune.length;
  }
  return { text: text.slice(0, end), isTruncated: true };
}

/** A call of Amazon's query API; parameters that are empty are left out. */
export function formRequest(url: string, parameters: readonly (readonly [string, string])[]): Outgoing {
  const form = parameters.flatMap(([name, value]) => (value === '' ? [] : [`${queryEscape(name)}=${queryEscape(value)}`])).join('&');
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return { method: 'POST', url, headers, body: new TextEncoder().encode(form) };
}

/** Of a service in a region. */
export const awsUrl = (service: string, region: string): string =>
  `https://${service}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`;
