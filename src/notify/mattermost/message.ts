/** From a notification to a message of a Mattermost webhook (alertmanager notify/mattermost/mattermost.go). */
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import type { MattermostAttachment, MattermostConfig, MattermostPriority } from './config.ts';

const TEXT_RUNES_MAX = 16_383;

export function mattermostRequest(config: MattermostConfig, input: SendInput, url: string): Made {
  const render = new FieldRenderer(input);
  const { props, priority } = config;
  const hasOwn = config.attachments.length > 0;
  const message = {
    channel: orLeftOut(render.text(config.channel)),
    username: orLeftOut(render.text(config.username)),
    icon_url: orLeftOut(render.text(config.iconUrl)),
    icon_emoji: orLeftOut(render.text(config.iconEmoji)),
    type: orLeftOut(render.text(config.type)),
    props: props.card === '' ? undefined : { card: orLeftOut(render.text(props.card)) },
    priority: priority.priority === '' ? undefined : priorityOf(priority, render),
    attachments: (hasOwn ? config.attachments : [{ ...config, text: '' }]).map((attachment) => attachmentOf(attachment, render)),
  };
  if (hasOwn) {
    const text = orLeftOut(render.body(config.text, { max: TEXT_RUNES_MAX }));
    return made(jsonRequest(url, { ...message, text }), render);
  }
  const text = orLeftOut(render.body(config.text, { max: UNLIMITED }));
  return made(jsonRequest(url, { ...message, attachments: message.attachments.map((attachment) => ({ ...attachment, text })) }), render);
}

function attachmentOf(config: MattermostAttachment, render: FieldRenderer): object {
  const rendered = (template: string, fallback = ''): string | undefined => orLeftOut(render.text(template, fallback));
  return {
    fallback: rendered(config.fallback, render.plain.subject),
    color: rendered(config.color),
    pretext: rendered(config.pretext),
    text: rendered(config.text, render.plain.text),
    author_name: rendered(config.authorName),
    author_link: rendered(config.authorLink),
    author_icon: rendered(config.authorIcon),
    title: rendered(config.title, render.plain.subject),
    title_link: rendered(config.titleLink),
    fields:
      config.fields.length === 0
        ? undefined
        : config.fields.map(({ title, value, short }) => ({ title: rendered(title), value: rendered(value), short: short ?? undefined })),
    thumb_url: rendered(config.thumbUrl),
    footer: rendered(config.footer),
    footer_icon: rendered(config.footerIcon),
    image_url: rendered(config.imageUrl),
  };
}

/** What Mattermost does not know is standard; only what is urgent may persist, only what is not standard asks for an answer. */
function priorityOf(config: MattermostPriority, render: FieldRenderer): object {
  const rendered = render.text(config.priority).toLowerCase();
  const priority = rendered === 'urgent' || rendered === 'important' ? rendered : 'standard';
  return {
    priority,
    requested_ack: config.requestedAck && priority !== 'standard' ? true : undefined,
    persistent_notifications: config.persistentNotifications && priority === 'urgent' ? true : undefined,
  };
}
