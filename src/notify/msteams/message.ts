/** From a notification to a MessageCard of Microsoft Teams (alertmanager notify/msteams/msteams.go). */
import { truncateRunes } from '../../template/truncate.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made } from '../outgoing.ts';
import type { MsteamsConfig } from './config.ts';

const COLORS: Readonly<Record<string, string>> = { firing: '8C1A1A', resolved: '2DC72D' };
const GREY = '808080';

/** Teams refuses what is larger than 28 KB. */
export const TEAMS_BYTES_MAX = 28_000;
/** Of that, what a title may take. */
export const TEAMS_TITLE_RUNES_MAX = 1024;

export function msteamsRequest(config: MsteamsConfig, input: SendInput, url: string): Made {
  const render = new FieldRenderer(input);
  const title = truncateRunes(render.text(config.title, render.plain.subject), TEAMS_TITLE_RUNES_MAX).text;
  const summary = truncateRunes(render.text(config.summary, render.plain.subject), TEAMS_TITLE_RUNES_MAX).text;
  const card = (text: string): object => ({
    '@context': 'http://schema.org/extensions',
    type: 'MessageCard',
    title,
    summary,
    text,
    themeColor: COLORS[input.data.status] ?? GREY,
  });
  return made(jsonRequest(url, card(render.fittingBody(config.text, TEAMS_BYTES_MAX, card))), render);
}
