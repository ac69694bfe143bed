/** From a notification to a Pushover message, which is all in the query (alertmanager notify/pushover/pushover.go). */
import { queryEscape } from '../../lib/query-escape.ts';
import { truncateRunes } from '../../template/truncate.ts';
import { emptySecret, FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { type Made, made } from '../outgoing.ts';
import type { PushoverConfig } from './config.ts';

const API_URL = 'https://api.pushover.net/1/messages.json';
const TITLE_RUNES_MAX = 250;
const MESSAGE_RUNES_MAX = 1024;
const URL_RUNES_MAX = 512;
/** Pushover refuses an empty message. */
const NO_DETAILS = '(no details)';

/** As they were read; they are templates. */
export type PushoverSecrets = { readonly user_key: string; readonly token: string };

export function pushoverRequest(config: PushoverConfig, input: SendInput, secrets: PushoverSecrets): Made {
  const render = new FieldRenderer(input);
  const token = render.text(secrets.token);
  const user = render.text(secrets.user_key);
  if (token === '' || user === '') return { kind: 'refused', why: emptySecret(token === '' ? 'token' : 'user_key', render) };
  const title = truncateRunes(render.text(config.title, render.plain.subject), TITLE_RUNES_MAX).text;
  const url = truncateRunes(render.text(config.url, input.data.externalUrl), URL_RUNES_MAX).text;
  const rest = {
    url_title: render.text(config.urlTitle),
    priority: render.text(config.priority, input.data.status === 'firing' ? '2' : '0'),
    retry: seconds(config.retryMs),
    expire: seconds(config.expireMs),
    device: render.text(config.device),
    sound: render.text(config.sound),
    ttl: config.ttlMs < 1000 ? undefined : seconds(config.ttlMs),
    monospace: config.monospace ? '1' : undefined,
  };
  const html = config.html ? render.html(config.message) : null;
  const isHtml = html !== null && render.errors.length === 0;
  const text = isHtml ? html : config.html ? render.plain.text : render.text(config.message, render.plain.text);
  const message = render.noted(text, { max: MESSAGE_RUNES_MAX }).trim() || NO_DETAILS;
  const query = encoded({ token, user, title, message, url, ...rest, html: isHtml ? '1' : undefined });
  return made({ method: 'POST', url: `${API_URL}?${query}`, headers: { 'Content-Type': 'text/plain' } }, render);
}

const seconds = (ms: number): string => String(Math.trunc(ms / 1000));

/** By name, as Go's url.Values encodes them. */
const encoded = (parameters: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(parameters)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${queryEscape(value)}`]))
    .sort()
    .join('&');
