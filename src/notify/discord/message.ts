/** From a notification to a Discord webhook's message with one embed (alertmanager notify/discord/discord.go). */
import { parseGoUrl } from '../../lib/go-url.ts';
import { truncateRunes } from '../../template/truncate.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import type { DiscordConfig } from './config.ts';

const TITLE_RUNES_MAX = 256;
const DESCRIPTION_RUNES_MAX = 4096;
const CONTENT_RUNES_MAX = 2000;
const COLORS: Readonly<Record<string, number>> = { firing: 0x992d22, resolved: 0x2ecc71 };
const GREY = 0x95a5a6;

export function discordRequest(config: DiscordConfig, input: SendInput, url: string): Made {
  const render = new FieldRenderer(input);
  const title = truncateRunes(render.text(config.title, render.plain.subject), TITLE_RUNES_MAX).text;
  const content = truncateRunes(render.text(config.content), CONTENT_RUNES_MAX).text;
  const description = render.body(config.message, { max: DESCRIPTION_RUNES_MAX });
  const body = {
    content,
    embeds: [{ title, description, color: COLORS[input.data.status] ?? GREY }],
    username: orLeftOut(config.username),
    avatar_url: 'error' in parseGoUrl(config.avatarUrl) ? undefined : orLeftOut(config.avatarUrl),
  };
  return made(jsonRequest(url, body), render);
}
