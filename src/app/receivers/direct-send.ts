/**
 * What goes out past router and outbox: a person's test, and the word that nothing can be stored. The integration is built
 * for it alone. Nothing leads back from its readers and nobody follows it up, for that takes rows.
 */
import type { UnixMs } from '../../model/time.ts';
import { unixMs } from '../../model/time.ts';
import { NO_CHARTS } from '../../notify/chart/charts.ts';
import type { Integration, SendInput } from '../../notify/integration.ts';
import { buildIntegration, type IntegrationConfig, type ReceiverPorts } from '../../notify/receivers.ts';
import { NO_BOOK } from './pretend-ports.ts';

const SEND_MS = 30_000;

export const directIntegration = (
  receiver: string,
  config: IntegrationConfig,
  ports: Omit<ReceiverPorts, 'charts' | 'book'>,
): Integration => buildIntegration(receiver, config, { ...ports, charts: NO_CHARTS, book: NO_BOOK });

/** The first attempt, now, at what the group of that key is told. */
export const directInput = (told: Pick<SendInput, 'id' | 'groupKey' | 'threadId' | 'templates' | 'data'>, now: UnixMs): SendInput => ({
  ...told,
  createdAt: now,
  deadline: unixMs(now + SEND_MS),
  attempt: 1,
  mayRepeat: false,
  links: null,
  replyCode: null,
  now,
  kept: {},
});
