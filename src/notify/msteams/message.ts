/** From a notification to a MessageCard of Microsoft Teams (alertmanager notify/msteams/msteams.go). */
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made } from '../outgoing.ts';
import type { MsteamsConfig } from './config.ts';

const COLORS: Readonly<Record<string, string>> = { firing: '8C1A1A', resolved: '2DC72D' };
const GREY = '808080';

export function msteamsRequest(config: MsteamsConfig, input: SendInput, url: string): Made {
  const render = new FieldRenderer(input);
  const title = render.text(config.title, render.plain.subject);
  const summary = render.text(config.summary, render.plain.subject);
  const text = render.body(config.text, { max: UNLIMITED });
  const card = {
    '@context': 'http://schema.org/extensions',
    type: 'MessageCard',
    title,
    summary,
    text,
    themeColor: COLORS[input.data.status] ?? GREY,
  };
  return made(jsonRequest(url, card), render);
}
