/**
 * From notifications to one text: facts first, then what can be answered, or else the page to look at.
 * Several notifications are listed; many are counted. The text is the same at every attempt, so that it can be found
 * again at the provider after an attempt of which no answer came.
 */
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import type { SmsConfig } from './config.ts';
import { fitted, segmentCount } from './segments.ts';

export type SmsText = { readonly body: string; readonly templateErrors: readonly string[] };

/** More are counted instead of listed. */
const LISTED_MAX = 3;
/** Countries that take no answers from abroad (IN, CN, GT, CR, PA, VN), and one that takes no links. */
const ONE_WAY = ['+91', '+86', '+502', '+506', '+507', '+84'];
const NO_LINKS = ['+86'];

/** `inputs`: at least one. */
export function smsText(config: SmsConfig, number: string, inputs: readonly SendInput[]): SmsText {
  const { segmentsMax } = config;
  const canReply = takesReplies(config, number);
  const codeOf = (input: SendInput): number | null => (canReply && input.data.status === 'firing' ? input.replyCode : null);
  const errors: string[] = [];
  const texts = inputs.map((input) => {
    const render = new FieldRenderer({ ...input, now: input.createdAt });
    const text = render.text(config.message, render.plain.subject).trim() || render.plain.subject;
    errors.push(...render.errors);
    return text.replace(/[ \t]+/g, ' ').replace(/\s*\n\s*/g, '\n');
  });
  const [first] = inputs;
  const [text = ''] = texts;
  const codes = inputs.map(codeOf);
  const head =
    inputs.length === 1
      ? text
      : inputs.length <= LISTED_MAX
        ? `${inputs.length} incidents\n${texts.map((line, i) => `${codes[i] === null ? '-' : `${codes[i]}:`} ${shortened(line, inputs.length, segmentsMax)}`).join('\n')}`
        : `${inputs.length} incidents: ${counted(inputs)}, first: ${text}`;
  const tail = replies(codes);
  const isOpenable = inputs.length === 1 && !NO_LINKS.some((code) => number.startsWith(code));
  const link = first?.links && isOpenable ? `\n${first.links.page}` : '';
  const body = fitted(head, tail, segmentsMax);
  const linked = fitted(head, tail + link, segmentsMax);
  // It costs no facts and no segment, but where there is no other way to answer.
  const isWorthIt = tail === '' || (segmentCount(linked) <= segmentCount(body) && linked.startsWith(body));
  return { body: isWorthIt ? linked : body, templateErrors: errors };
}

/** A name is not a number that could be answered. */
const takesReplies = ({ twilio }: SmsConfig, number: string): boolean =>
  twilio.authToken !== null && /^(\+|MG)/.test(twilio.from) && !ONE_WAY.some((code) => number.startsWith(code));

function replies(codes: readonly (number | null)[]): string {
  const known = codes.filter((code) => code !== null);
  const [code] = known;
  if (code === undefined) return '';
  const named = codes.length === 1 ? String(code) : 'all';
  return `\nReply a ${named} ack, e ${named} escalate, s ${named} 1h silence`;
}

/** An equal share for each, so that none is cut off whole. */
function shortened(text: string, count: number, segmentsMax: number): string {
  const share = Math.floor((segmentsMax * 150 - 80) / count);
  const characters = [...text.replaceAll('\n', ' ')];
  return characters.length <= share ? characters.join('') : `${characters.slice(0, Math.max(10, share - 3)).join('')}...`;
}

/** Most frequent severity first. */
function counted(inputs: readonly SendInput[]): string {
  const counts = new Map<string, number>();
  for (const { data } of inputs) {
    const severity = data.status === 'firing' ? data.commonLabels.get('severity') || 'firing' : 'resolved';
    counts.set(severity, (counts.get(severity) ?? 0) + 1);
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([severity, count]) => `${count} ${severity}`)
    .join(', ');
}
