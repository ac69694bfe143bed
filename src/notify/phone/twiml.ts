/** What Twilio's voice is told to do (TwiML Voice: Response, Pause, Say, Gather, Hangup), and its answers to texts. */

export type VoiceStyle = {
  /** BCP 47: of the words that are spoken. */
  readonly language: string;
  /** '': Twilio's. */
  readonly voice: string;
};

export type SpokenStep =
  | { readonly kind: 'pause'; readonly seconds: number }
  | { readonly kind: 'say'; readonly text: string }
  /** Says, and waits for one key, which stops the voice; `action` is asked with it, or with none where nobody pressed. */
  | { readonly kind: 'ask'; readonly texts: readonly string[]; readonly action: string; readonly seconds: number }
  | { readonly kind: 'hangup' };

export function voiceTwiml(steps: readonly SpokenStep[], style: VoiceStyle): string {
  return document(steps.map((step) => stepXml(step, style)).join(''));
}

function stepXml(step: SpokenStep, style: VoiceStyle): string {
  switch (step.kind) {
    case 'pause':
      return `<Pause length="${step.seconds}"/>`;
    case 'say':
      return say(step.text, style);
    case 'ask':
      return `<Gather input="dtmf" numDigits="1" finishOnKey="" timeout="${step.seconds}" action="${escapeXml(step.action)}" method="POST" actionOnEmptyResult="true">${step.texts.map((text) => say(text, style)).join('')}</Gather>`;
    case 'hangup':
      return '<Hangup/>';
  }
}

const say = (text: string, { language, voice }: VoiceStyle): string =>
  `<Say language="${escapeXml(language)}"${voice === '' ? '' : ` voice="${escapeXml(voice)}"`}>${escapeXml(text)}</Say>`;

/** Null: nothing is answered. */
export const messageTwiml = (reply: string | null): string => document(reply === null ? '' : `<Message>${escapeXml(reply)}</Message>`);

const document = (inner: string): string => `<?xml version="1.0" encoding="UTF-8"?><Response>${inner}</Response>`;

/** What XML 1.0 has no place for, not even escaped, goes. */
const escapeXml = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
