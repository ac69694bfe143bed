/** From a notification to a message of Telegram's Bot API (alertmanager notify/telegram/telegram.go). */
import { runeCount } from '../../lib/runes.ts';
import { truncateRunes } from '../../template/truncate.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import { joinUrl } from '../url-field.ts';
import type { ParseMode, TelegramConfig } from './config.ts';

const MESSAGE_RUNES_MAX = 4096;
/** HTML cannot be cut anywhere, so that a message too long gives way to the built-in text. */
const TOO_LONG = 'The message length exceeds Telegram limits; this is the built-in text.\n\n';

export type TelegramTarget = { readonly botToken: string; readonly chatId: string };

/** `isPlain`: the built-in text, for where Telegram could not parse the rendered one. */
export function telegramRequest(
  config: TelegramConfig,
  input: SendInput,
  { botToken, chatId }: TelegramTarget,
  { isPlain = false } = {},
): Made {
  if (!/^-?\d+$/.test(chatId)) return { kind: 'refused', why: `chat_id is not a number: "${chatId}"` };
  const render = new FieldRenderer(input);
  const { text, parseMode } = isPlain ? plain(render, '') : textOf(config, render);
  const options = {
    parse_mode: orLeftOut(parseMode),
    disable_notification: config.disableNotifications ? 'true' : undefined,
    disable_web_page_preview: 'true',
    message_thread_id: config.messageThreadId === 0 ? undefined : String(config.messageThreadId),
  };
  return made(jsonRequest(joinUrl(config.apiUrl, `bot${botToken}/sendMessage`), { chat_id: chatId, text, ...options }), render);
}

type Text = { readonly text: string; readonly parseMode: ParseMode };

function textOf({ message, parseMode }: TelegramConfig, render: FieldRenderer): Text {
  const text = parseMode === 'HTML' ? render.html(message) : render.text(message);
  if (text === null || render.errors.length > 0) return plain(render, '');
  if (parseMode !== 'HTML') return { text: truncateRunes(text, MESSAGE_RUNES_MAX).text, parseMode };
  return runeCount(text) > MESSAGE_RUNES_MAX ? plain(render, TOO_LONG) : { text, parseMode };
}

const plain = (render: FieldRenderer, before: string): Text => ({
  text: render.noted(before + render.plain.text, { max: MESSAGE_RUNES_MAX }),
  parseMode: '',
});
