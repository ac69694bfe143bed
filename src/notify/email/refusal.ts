/**
 * What a mail server's refusal means for somebody who has to put it right: a name and a word of advice in front of the
 * server's own. Decided by where in the dialogue it came, by the reply's code and enhanced code (RFC 5321 §4.2, RFC 3463,
 * RFC 7372), and where servers agree on nothing better by their words. Whether it is tried again is not decided here: 4xx
 * and connections are, 5xx is not.
 */
import type { MailResult } from '../../model/mail.ts';
import type { FailureReason } from '../integration.ts';

type Cause = Extract<MailResult, { readonly kind: 'rejected' }>['cause'];

type Meaning = { readonly name: string; readonly advice: string; readonly reason: FailureReason };

const LOGIN_ASKED: Meaning = {
  name: 'authentication_required',
  advice: 'the server takes mail only from who has logged in: set auth_username and auth_password',
  reason: 'authError',
};
const SENDER: Meaning = { name: 'sender_refused', advice: 'the server takes no mail from this sender: check from', reason: 'clientError' };
const CLIENT: Meaning = {
  name: 'client_refused',
  advice: 'the server takes no mail from this machine: is its address on a block list?',
  reason: 'other',
};
const FULL: Meaning = { name: 'mailbox_full', advice: 'the mailbox has no room', reason: 'clientError' };

type Rule = {
  readonly causes: readonly Cause[];
  /** Of `550 5.1.1`, or `550` where the server says no more. */
  readonly code?: RegExp;
  /** Of the whole reply. */
  readonly words?: RegExp;
  readonly meaning: Meaning;
};

const DIALOGUE: readonly Cause[] = ['connect', 'sender', 'recipient', 'content', 'server'];
const RECEIVING: readonly Cause[] = ['recipient', 'content'];

/** The first that fits. */
const RULES: readonly Rule[] = [
  {
    causes: DIALOGUE,
    code: /^(530|5\d\d 5\.7\.0)/,
    words: /starttls/i,
    meaning: { name: 'tls_required', advice: 'the server takes mail only over TLS: set require_tls: true', reason: 'clientError' },
  },
  { causes: DIALOGUE, code: /^530/, meaning: LOGIN_ASKED },
  {
    causes: DIALOGUE,
    code: /^5/,
    words: /auth(entication|orization)? (is )?required|must (be )?(authenticate|log ?in)/i,
    meaning: LOGIN_ASKED,
  },
  {
    causes: ['auth'],
    code: /^5(34|\d\d 5\.7\.9)/,
    meaning: {
      name: 'authentication_mechanism_refused',
      advice: 'the server wants another way to log in, such as a password made for this application',
      reason: 'authError',
    },
  },
  {
    causes: ['auth'],
    code: /^4/,
    meaning: { name: 'authentication_unavailable', advice: 'the server lets nobody log in for now', reason: 'serverError' },
  },
  {
    causes: RECEIVING,
    code: /^4/,
    words: /gr[ae]y-?\s?list|postgrey/i,
    meaning: { name: 'greylisted', advice: 'the server asks whom it does not know to come again later', reason: 'rateLimited' },
  },
  {
    causes: DIALOGUE,
    code: /^4\d\d 4\.7\.28|^421/,
    words: /rate|too many|limit|throttl/i,
    meaning: { name: 'too_many_messages', advice: 'the server takes fewer mails in this time', reason: 'rateLimited' },
  },
  {
    causes: ['sender', 'recipient', 'content'],
    code: /5\.7\.2[0-7]$/,
    meaning: {
      name: 'sender_not_authenticated',
      advice: "SPF, DKIM or DMARC of the sender's domain do not allow mail from this server",
      reason: 'clientError',
    },
  },
  // Servers often say at the recipient, or at the end, what they have against those before.
  { causes: DIALOGUE, code: /^5/, words: /block(ed using| ?list)|black ?list|spamhaus|reputation/i, meaning: CLIENT },
  { causes: DIALOGUE, code: /^5\d\d 5\.(7\.60|1\.[78])$/, meaning: SENDER },
  { causes: DIALOGUE, code: /^5/, words: /sender address rejected/i, meaning: SENDER },
  { causes: RECEIVING, code: /^(552|4\d\d|5\d\d) ?[45]\.2\.2/, meaning: FULL },
  { causes: RECEIVING, code: /^552/, words: /mailbox|quota|full/i, meaning: FULL },
  {
    causes: ['sender', 'recipient', 'content'],
    code: /^5/,
    words: /relay/i,
    meaning: {
      name: 'relay_refused',
      advice: 'the server sends no mail on for this sender: log in with auth_username, or allow this machine there',
      reason: 'clientError',
    },
  },
  {
    causes: RECEIVING,
    code: /5\.1\.(1|6|10)$/,
    meaning: { name: 'unknown_recipient', advice: 'there is no such mailbox: correct to', reason: 'clientError' },
  },
  {
    causes: RECEIVING,
    code: /5\.(1\.2|4\.4)$/,
    meaning: { name: 'unknown_domain', advice: 'nobody takes mail for this domain: correct to', reason: 'clientError' },
  },
  {
    causes: RECEIVING,
    code: /5\.2\.1$/,
    meaning: { name: 'mailbox_disabled', advice: 'the mailbox takes no mail', reason: 'clientError' },
  },
  { causes: ['connect'], code: /^5/, meaning: CLIENT },
  {
    causes: ['connect', 'server'],
    code: /^4/,
    meaning: { name: 'server_busy', advice: 'the server has no time now', reason: 'serverError' },
  },
];

const REST: Readonly<Record<Cause, Meaning>> = {
  connect: { name: 'unreachable', advice: 'there is no connection with the server, or it broke', reason: 'other' },
  tls: { name: 'tls_failed', advice: 'no safe connection with the server', reason: 'other' },
  certificate: { name: 'certificate_refused', advice: 'the server does not show that it is who it should be', reason: 'other' },
  auth: { name: 'authentication_failed', advice: 'the server does not let this user log in', reason: 'authError' },
  sender: SENDER,
  recipient: { name: 'recipient_refused', advice: 'the server takes no mail for this recipient', reason: 'clientError' },
  content: { name: 'message_refused', advice: 'the server does not take this mail, for spam or against its rules', reason: 'clientError' },
  server: { name: 'server_error', advice: 'the server cannot do it', reason: 'serverError' },
};

/** Where the server takes it later, it is not the mail that is wrong. */
const LATER: Readonly<Partial<Record<Cause, Meaning>>> = {
  sender: { name: 'sender_deferred', advice: 'the server does not take it from this sender for now', reason: 'clientError' },
  recipient: { name: 'recipient_deferred', advice: 'the server does not take it for this recipient for now', reason: 'clientError' },
  content: { name: 'message_deferred', advice: 'the server does not take it for now', reason: 'clientError' },
};

const SAID_CHARS_MAX = 500;

/** `said`: what came from the server or of the connection. */
export function refusalOf(cause: Cause, said: string): { readonly name: string; readonly message: string; readonly reason: FailureReason } {
  const code = replyCode(said);
  const fits = (rule: Rule): boolean => rule.causes.includes(cause) && (rule.code?.test(code) ?? true) && (rule.words?.test(said) ?? true);
  const rest = (code.startsWith('4') ? LATER[cause] : undefined) ?? REST[cause];
  const { name, advice, reason } = RULES.find(fits)?.meaning ?? rest;
  return { name, reason, message: `${name}: ${advice} (${said.slice(0, SAID_CHARS_MAX)})` };
}

/** `550 5.1.1` of `… rejected: 550 5.1.1 unknown user`, `550` without an enhanced code; '' where the server said nothing. */
function replyCode(said: string): string {
  const [, code = '', enhanced] = /(?:^|: |=)([45]\d\d)(?:[ -]+([45]\.\d{1,3}\.\d{1,3})\b)?(?=[ -]|$)/.exec(said) ?? [];
  return enhanced === undefined ? code : `${code} ${enhanced}`;
}
