/**
 * A notification of 500 alerts with long annotations, through every receiver over HTTP: what goes out is no larger than the
 * provider takes, and still says what is wrong, where a template gave far too much and where one failed.
 */
import { describe, expect, test } from 'vitest';
import { HTTP_RECEIVERS, type HttpReceiver, leastReceivers } from './support/least-receivers.ts';
import { notificationInput } from './support/notification-input.ts';
import { ReceiverBench } from './support/receiver-bench.ts';
import { response } from './support/scripted-http.ts';

/** What each provider takes, in bytes of a request; null: it sets no limit. */
const BYTES_MAX: Readonly<Record<HttpReceiver, number | null>> = {
  discord: 4 * (2000 + 256 + 4096) + 1000, // limits are of runes, of which each may be four bytes
  incidentio: 512 * 1024,
  jira: 4 * (255 + 32_767) + 1000,
  matrix: 65_536,
  mattermost: null, // attachments are as long as an administrator lets posts be
  msteams: 28_672,
  msteamsv2: 28_672,
  ntfy: 8192,
  opsgenie: 2 * (130 + 15_000 + 8000) + 1000,
  pagerduty: 512_000,
  pushover: 10_000, // in the address, each rune as up to twelve characters
  rocketchat: null,
  slack: 2 * 40_000 + 10_000,
  sns: 3 * 256 * 1024, // 256 KiB of message; a form writes a byte as up to three
  telegram: 2 * 4096 + 1000,
  victorops: 2 * 20_480 + 1000,
  webex: 7439 + 1000,
  webhook: null,
  wechat: 2048 + 1000,
};

/** Which field carries the text, where it is a field at all. */
const TEXT_FIELD: Partial<Readonly<Record<HttpReceiver, string>>> = {
  discord: 'message',
  jira: 'description',
  matrix: 'text',
  mattermost: 'text',
  msteams: 'text',
  msteamsv2: 'text',
  ntfy: 'message',
  opsgenie: 'description',
  pagerduty: 'description',
  pushover: 'message',
  rocketchat: 'text',
  slack: 'text',
  sns: 'message',
  telegram: 'message',
  victorops: 'state_message',
  webex: 'message',
  wechat: 'message',
};

const HUGE = notificationInput({ firing: 500, labels: { note: `"quoted"\n${'lang '.repeat(120)}` } });

/** The request that carries the alerts, and its bytes. */
async function carried(receiver: HttpReceiver, yaml: string): Promise<{ readonly text: string; readonly bytes: number }> {
  const { success } = leastReceivers()[receiver];
  const bench = new ReceiverBench(receiver, yaml, { answer: () => response(success) });
  expect(await bench.send(HUGE)).toMatchObject({ kind: 'accepted' });
  const request = bench.requests.at(-1);
  if (request === undefined) throw new Error('nothing was sent');
  const body = new TextDecoder().decode(request.body);
  return {
    text: decodeURIComponent(`${request.url} ${body}`.replaceAll('+', ' ').replace(/%(?![0-9A-F]{2})/g, '%25')),
    bytes: request.url.length + (request.body?.length ?? 0),
  };
}

const least = leastReceivers();
const within = (receiver: HttpReceiver, bytes: number): void =>
  expect(bytes).toBeLessThanOrEqual(BYTES_MAX[receiver] ?? Number.POSITIVE_INFINITY);

test.each(HTTP_RECEIVERS)('%s takes what 500 alerts make', async (receiver) => {
  const { text, bytes } = await carried(receiver, least[receiver].yaml);
  expect(text).toContain('Down');
  within(receiver, bytes);
});

describe.each(Object.entries(TEXT_FIELD) as readonly (readonly [HttpReceiver, string])[])('%s', (receiver, field) => {
  test('keeps the beginning of a text far too long', async () => {
    const { text, bytes } = await carried(receiver, `${least[receiver].yaml}\n${field}: 'first {{ .Alerts | toJson }} last'`);
    expect(text).toMatch(receiver === 'telegram' ? /exceeds Telegram limits[^]*Down/ : /first \[/);
    within(receiver, bytes);
  });

  test('keeps the error of a template beside the alerts', async () => {
    const { text, bytes } = await carried(receiver, `${least[receiver].yaml}\n${field}: '{{ .Nothing }}'`);
    expect(text).toContain('Down');
    expect(text).toMatch(/Nothing/);
    within(receiver, bytes);
  });
});
