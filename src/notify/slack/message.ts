/** From a notification to a Slack message with one attachment (alertmanager notify/slack/slack.go). */
import { truncateRunes } from '../../template/truncate.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { IntegrationData, SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import type { SlackAction, SlackConfig } from './config.ts';

const TITLE_RUNES_MAX = 1024;
/** Slack cuts off the rest, or refuses the message. */
const TEXT_RUNES_MAX = 40_000;

/** A message that was posted. */
export type PostedMessage = { readonly threadTs: string; readonly channelId: string };

/** `posted`: the message to edit in place of posting one. */
export function slackRequest(config: SlackConfig, input: SendInput, url: string, posted: PostedMessage | null): Made {
  const render = new FieldRenderer(input);
  const head = {
    channel: posted?.channelId ?? orLeftOut(render.text(config.channel)),
    ts: posted?.threadTs,
    username: orLeftOut(render.text(config.username)),
    icon_emoji: orLeftOut(render.text(config.iconEmoji)),
    icon_url: orLeftOut(render.text(config.iconUrl)),
    link_names: config.linkNames ? true : undefined,
    text: orLeftOut(truncateRunes(render.text(config.messageText), TEXT_RUNES_MAX).text),
  };
  const attachment = {
    title: orLeftOut(truncateRunes(render.text(config.title, render.plain.subject), TITLE_RUNES_MAX).text),
    title_link: orLeftOut(render.text(config.titleLink)),
    pretext: orLeftOut(render.text(config.pretext)),
    fallback: render.text(config.fallback, render.plain.subject),
    callback_id: render.text(config.callbackId),
    fields:
      config.fields.length === 0
        ? undefined
        : config.fields.map(({ title, value, short }) => ({
            title: orLeftOut(render.text(title)),
            value: orLeftOut(render.text(value)),
            short: short ?? config.shortFields,
          })),
    actions: config.actions.length === 0 ? undefined : config.actions.map((action) => actionOf(action, render)),
    image_url: orLeftOut(render.text(config.imageUrl)),
    thumb_url: orLeftOut(render.text(config.thumbUrl)),
    footer: render.text(config.footer),
    color: orLeftOut(render.text(config.color)),
    mrkdwn_in: config.mrkdwnIn,
  };
  const text = render.body(config.text, { max: TEXT_RUNES_MAX });
  return made(jsonRequest(posted === null ? url : updateUrl(url), { ...head, attachments: [{ ...attachment, text }] }), render);
}

function actionOf({ type, text, url, style, name, value, confirm }: SlackAction, render: FieldRenderer): object {
  const rendered = (template: string): string | undefined => orLeftOut(render.text(template));
  return {
    type: rendered(type),
    text: rendered(text),
    url: rendered(url),
    style: rendered(style),
    name: rendered(name),
    value: rendered(value),
    confirm:
      confirm === null
        ? undefined
        : {
            text: rendered(confirm.text),
            title: rendered(confirm.title),
            ok_text: rendered(confirm.okText),
            dismiss_text: rendered(confirm.dismissText),
          },
  };
}

const POST = /chat\.postMessage$/;
const updateUrl = (url: string): string => url.replace(POST, 'chat.update');

/** The message that a group's earlier notification posted; null where there is none, or the address cannot edit. */
export function postedBefore({ updateMessage }: SlackConfig, kept: IntegrationData, url: string): PostedMessage | null {
  const { threadTs, channelId } = kept;
  if (!updateMessage || !POST.test(url) || typeof threadTs !== 'string' || typeof channelId !== 'string') return null;
  return threadTs === '' || channelId === '' ? null : { threadTs, channelId };
}
