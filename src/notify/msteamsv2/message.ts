/** From a notification to a message with an adaptive card (alertmanager notify/msteamsv2/msteamsv2.go). */
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made } from '../outgoing.ts';
import type { Msteamsv2Config } from './config.ts';

const COLORS: Readonly<Record<string, string>> = { firing: 'Attention', resolved: 'Good' };
const NEUTRAL = 'Warning';

export function msteamsv2Request(config: Msteamsv2Config, input: SendInput, url: string): Made {
  const render = new FieldRenderer(input);
  const title = render.text(config.title, render.plain.subject);
  const text = render.body(config.text, { max: UNLIMITED });
  const color = COLORS[input.data.status] ?? NEUTRAL;
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    body: [
      { type: 'TextBlock', text: title, weight: 'Bolder', size: 'Medium', wrap: true, style: 'heading', color },
      { type: 'TextBlock', text, wrap: true },
    ],
    msteams: { width: 'full' },
  };
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: card };
  return made(jsonRequest(url, { type: 'message', attachments: [attachment] }), render);
}
