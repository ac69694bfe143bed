/** The stream of events of a real process: over a reload, a kill and a stop. */
import { expect } from 'vitest';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import type { Tocsin } from '../support/e2e/tocsin.ts';
import { until } from '../support/e2e/until.ts';

/** Reads until the connection ends. */
class Listener {
  text = '';
  isOver = false;

  constructor(tocsin: Tocsin, lastId: string | null) {
    const headers = lastId === null ? {} : { 'last-event-id': lastId };
    void this.#listen(`${tocsin.url}/api/tocsin/v1/events/stream`, headers).finally(() => {
      this.isOver = true;
    });
  }

  async #listen(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
    try {
      const response = await fetch(url, { headers });
      for await (const part of response.body ?? []) this.text += new TextDecoder().decode(part);
    } catch (error) {
      // The process was killed.
      this.text += `: ${String(error)}\n`;
    }
  }

  get ids(): readonly string[] {
    return [...this.text.matchAll(/^id: (\d+)\ndata: \{"id"/gm)].map(([, id = '']) => id);
  }

  /** What a browser would come back with. */
  get lastId(): string | null {
    return [...this.text.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? null;
  }

  untilHeard(...names: readonly string[]): Promise<unknown> {
    return until(`events of ${names.join(', ')}`, () => names.every((name) => this.text.includes(`{}:{alertname=\\"${name}\\"}`)));
  }
}

const post = async (tocsin: Tocsin, alertname: string): Promise<void> => {
  expect((await tocsin.post('/api/v2/alerts', [{ labels: { alertname } }])).status).toBe(200);
};

async function started(stage: Stage): Promise<Tocsin> {
  stage.write({
    'tocsin.yml': 'route: {receiver: inbox, group_by: [alertname], group_wait: 0s}\nreceivers: [{name: inbox, inbox_configs: [{}]}]\n',
  });
  const tocsin = await stage.tocsin();
  await tocsin.start();
  return tocsin;
}

test('a stream goes on over a reload, and a new one over a kill, without gap or repeat', async ({ stage }) => {
  const tocsin = await started(stage);
  const first = new Listener(tocsin, null);
  await until('the stream to begin', () => first.lastId);
  await post(tocsin, 'Before');
  await first.untilHeard('Before');
  expect((await tocsin.post('/-/reload')).status).toBe(200);
  await post(tocsin, 'After');
  await first.untilHeard('After');
  await tocsin.kill();
  await until('the connection to break', () => first.isOver);
  await tocsin.start();
  await post(tocsin, 'Again');
  const second = new Listener(tocsin, first.lastId);
  await second.untilHeard('Again');
  const heard = (): readonly number[] => [...first.ids, ...second.ids].map(Number);
  const written = await until('all events to be heard', async () => {
    const { events } = (await (await tocsin.get('/api/tocsin/v1/events?limit=1000')).json()) as {
      readonly events: readonly { readonly id: number }[];
    };
    return heard().length >= events.length ? events.map(({ id }) => id) : null;
  });
  // What was written since is no matter.
  expect(heard().slice(0, written.length)).toEqual(written);
});

test('a stop waits for no stream: each is told and ends', async ({ stage }) => {
  const tocsin = await started(stage);
  const listener = new Listener(tocsin, null);
  await until('the stream to begin', () => listener.lastId);
  const { code, tookMs } = await tocsin.stop();
  await until('the stream to end', () => listener.isOver);
  expect([code, listener.text]).toEqual([0, expect.stringMatching(/event: closing\nid: \d+\ndata: .*\n\n$/)]);
  expect(tookMs).toBeLessThan(4000);
});
