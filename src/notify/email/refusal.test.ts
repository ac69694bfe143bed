import { expect, test } from 'vitest';
import { refusalOf } from './refusal.ts';

type Cause = Parameters<typeof refusalOf>[0];

// As Gmail, Exchange, Postfix and others word them.
test.each<{ cause: Cause; said: string; name: string; reason?: string }>([
  { cause: 'connect', said: 'connect ECONNREFUSED 127.0.0.1:465', name: 'unreachable' },
  { cause: 'connect', said: 'no answer within 30 s', name: 'unreachable' },
  { cause: 'connect', said: 'Invalid greeting. response=554 mx.example.org no: 554 mx.example.org no', name: 'client_refused' },
  { cause: 'connect', said: 'Invalid greeting: 421 too busy', name: 'server_busy', reason: 'serverError' },
  { cause: 'connect', said: '421 4.7.0 too many connections from your address', name: 'too_many_messages', reason: 'rateLimited' },
  { cause: 'tls', said: 'TLS with mail:465 failed: wrong version number', name: 'tls_failed' },
  { cause: 'certificate', said: 'the certificate of mail:465 has expired', name: 'certificate_refused' },
  {
    cause: 'auth',
    said: 'Invalid login: 535-5.7.8 Username and Password not accepted',
    name: 'authentication_failed',
    reason: 'authError',
  },
  { cause: 'auth', said: 'Invalid login: 535 5.7.139 Authentication unsuccessful', name: 'authentication_failed', reason: 'authError' },
  {
    cause: 'auth',
    said: 'Invalid login: 534-5.7.9 Application-specific password required',
    name: 'authentication_mechanism_refused',
    reason: 'authError',
  },
  { cause: 'auth', said: 'Invalid login: 454 4.7.0 later', name: 'authentication_unavailable', reason: 'serverError' },
  { cause: 'auth', said: 'mail:25 offers CRAM-MD5 to log in, and none can be used', name: 'authentication_failed', reason: 'authError' },
  { cause: 'sender', said: 'Mail command failed: 530-5.7.0 Must issue a STARTTLS command first', name: 'tls_required' },
  { cause: 'sender', said: 'Mail command failed: 530 5.7.0 Authentication Required', name: 'authentication_required', reason: 'authError' },
  { cause: 'sender', said: 'Mail command failed: 550 5.1.0 Address rejected', name: 'sender_refused' },
  { cause: 'sender', said: 'Mail command failed: 451 4.3.0 later', name: 'sender_deferred' },
  { cause: 'recipient', said: 'all recipients were rejected: 550 5.7.1 Client was not authenticated', name: 'recipient_refused' },
  { cause: 'recipient', said: '550 5.7.1 authentication required', name: 'authentication_required', reason: 'authError' },
  {
    cause: 'recipient',
    said: '450 4.2.0 <a@b>: Recipient address rejected: Greylisted, see http://x',
    name: 'greylisted',
    reason: 'rateLimited',
  },
  { cause: 'recipient', said: '451 4.7.1 Greylisting in action, please come back later', name: 'greylisted', reason: 'rateLimited' },
  { cause: 'recipient', said: '451 4.7.1 try again', name: 'recipient_deferred' },
  { cause: 'recipient', said: '452-4.2.2 The recipient is out of storage space', name: 'mailbox_full' },
  { cause: 'recipient', said: '552 5.2.2 over quota', name: 'mailbox_full' },
  { cause: 'content', said: 'Message failed: 552 mailbox is full', name: 'mailbox_full' },
  { cause: 'recipient', said: 'all recipients were rejected: 550-5.1.1 The email account does not exist', name: 'unknown_recipient' },
  { cause: 'recipient', said: '550 5.1.2 unrouteable domain', name: 'unknown_domain' },
  { cause: 'recipient', said: '550 5.2.1 disabled', name: 'mailbox_disabled' },
  { cause: 'recipient', said: '554 5.7.1 <a@b>: Relay access denied', name: 'relay_refused' },
  { cause: 'recipient', said: '550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain', name: 'relay_refused' },
  {
    cause: 'recipient',
    said: '554 5.7.1 Service unavailable; Client host [1.2.3.4] blocked using zen.spamhaus.org',
    name: 'client_refused',
  },
  { cause: 'recipient', said: '553 5.7.1 <a@b>: Sender address rejected: not owned by user x', name: 'sender_refused' },
  { cause: 'recipient', said: '550 no', name: 'recipient_refused' },
  { cause: 'content', said: 'Message failed: 550 5.7.60 Client does not have permissions to send as this sender', name: 'sender_refused' },
  { cause: 'content', said: 'Message failed: 550-5.7.26 Unauthenticated email is not accepted', name: 'sender_not_authenticated' },
  { cause: 'content', said: 'Message failed: 554 5.7.1 spam', name: 'message_refused' },
  { cause: 'content', said: 'Message failed: 451 4.3.2 later', name: 'message_deferred' },
  { cause: 'server', said: '421 4.7.28 an unusual rate of mail', name: 'too_many_messages', reason: 'rateLimited' },
  { cause: 'server', said: '421 going down', name: 'server_busy', reason: 'serverError' },
  { cause: 'server', said: 'something else', name: 'server_error', reason: 'serverError' },
])('$cause: $said is $name', ({ cause, said, name, reason }) => {
  const refusal = refusalOf(cause, said);
  expect(refusal).toMatchObject({ name, ...(reason !== undefined && { reason }) });
  expect(refusal.message).toMatch(new RegExp(`^${name}: .+ \\(`));
  expect(refusal.message).toContain(said);
});

test('a server that says very much is cut', () => {
  expect(refusalOf('content', `554 ${'no '.repeat(1000)}`).message.length).toBeLessThan(700);
});
