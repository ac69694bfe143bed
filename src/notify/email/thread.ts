/**
 * What makes one conversation of the mails about one group. With `threading` on it is Alertmanager's: a root that no mail
 * has, by the group and the day (notify/email/email.go). Otherwise the root is the first mail since the group fired anew,
 * which the group remembers with what was sent last; mail programs go by References alone (RFC 5322 §3.6.4).
 */
import { formatTime, timeFromUnixMs } from '../../lib/go-time.ts';
import { sha256 } from '../../lib/sha256.ts';
import type { IntegrationData, SendInput } from '../integration.ts';
import type { EmailConfig } from './config.ts';

type Header = readonly [name: string, value: string];

export function threadHeaders({ threading }: Pick<EmailConfig, 'threading'>, input: SendInput): readonly Header[] {
  if (threading !== null) {
    const day = threading.byDate === 'daily' ? formatTime(timeFromUnixMs(input.createdAt), '2006-01-02') : '';
    return replyTo(`<alert-${hashOf(input.groupKey)}-${day}@alertmanager>`, null);
  }
  const { threadRoot, threadLast } = input.kept;
  return typeof threadRoot !== 'string' ? [] : replyTo(threadRoot, typeof threadLast === 'string' ? threadLast : null);
}

/** For the group's next mail. */
export const threadData = ({ kept }: SendInput, messageId: string): IntegrationData => ({
  threadRoot: kept['threadRoot'] ?? messageId,
  threadLast: messageId,
});

const replyTo = (root: string, last: string | null): readonly Header[] => [
  ['References', last === null || last === root ? root : `${root} ${last}`],
  ['In-Reply-To', last ?? root],
];

/** As many as Alertmanager takes. */
const HASH_LETTERS = 16;

const hashOf = (groupKey: string): string =>
  Array.from(sha256(new TextEncoder().encode(groupKey)), (byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, HASH_LETTERS);
