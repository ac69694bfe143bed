/** From a notification to a message of Rocket.Chat's REST API (alertmanager notify/rocketchat/rocketchat.go). */
import { truncateRunes } from '../../template/truncate.ts';
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import { joinUrl } from '../url-field.ts';
import type { RocketchatConfig } from './config.ts';

const TITLE_RUNES_MAX = 1024;

export type RocketchatTokens = { readonly token: string; readonly token_id: string };

export function rocketchatRequest(config: RocketchatConfig, input: SendInput, tokens: RocketchatTokens): Made {
  const render = new FieldRenderer(input);
  const rendered = (template: string): string | undefined => orLeftOut(render.text(template));
  const message = {
    channel: rendered(config.channel),
    emoji: rendered(config.emoji),
    avatar: rendered(config.iconUrl),
  };
  const attachment = {
    title: orLeftOut(truncateRunes(render.text(config.title, render.plain.subject), TITLE_RUNES_MAX).text),
    title_link: rendered(config.titleLink),
    image_url: rendered(config.imageUrl),
    thumb_url: rendered(config.thumbUrl),
    color: rendered(config.color),
    fields:
      config.fields.length === 0
        ? undefined
        : config.fields.map(({ title, value, short }) => ({
            short: short ?? config.shortFields,
            title: rendered(title),
            value: rendered(value),
          })),
    actions:
      config.actions.length === 0
        ? undefined
        : config.actions.map(({ text, url, msg }) => ({
            type: 'button',
            text: rendered(text),
            url: rendered(url),
            is_webview: false,
            msg: rendered(msg),
            msg_in_chat_window: false,
          })),
  };
  const text = orLeftOut(render.body(config.text, { max: UNLIMITED }));
  const headers = { 'X-Auth-Token': tokens.token, 'X-User-Id': tokens.token_id };
  const url = joinUrl(config.apiUrl, 'api/v1/chat.postMessage');
  return made(jsonRequest(url, { ...message, attachments: [{ ...attachment, text }] }, { headers }), render);
}
