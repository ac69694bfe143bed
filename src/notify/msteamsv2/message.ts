/** From a notification to a message with an adaptive card (alertmanager notify/msteamsv2/msteamsv2.go). */
import { truncateRunes } from '../../template/truncate.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { TEAMS_BYTES_MAX, TEAMS_TITLE_RUNES_MAX } from '../msteams/message.ts';
import { jsonRequest, type Made, made } from '../outgoing.ts';
import type { Msteamsv2Config } from './config.ts';

const COLORS: Readonly<Record<string, string>> = { firing: 'Attention', resolved: 'Good' };
const NEUTRAL = 'Warning';

export function msteamsv2Request(config: Msteamsv2Config, input: SendInput, url: string): Made {
  const render = new FieldRenderer(input);
  const title = truncateRunes(render.text(config.title, render.plain.subject), TEAMS_TITLE_RUNES_MAX).text;
  const color = COLORS[input.data.status] ?? NEUTRAL;
  const card = (text: string): object => ({
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    body: [
      { type: 'TextBlock', text: title, weight: 'Bolder', size: 'Medium', wrap: true, style: 'heading', color },
      { type: 'TextBlock', text, wrap: true },
    ],
    msteams: { width: 'full' },
  });
  const message = (text: string): object => ({
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card(text) }],
  });
  return made(jsonRequest(url, message(render.fittingBody(config.text, TEAMS_BYTES_MAX, message))), render);
}
