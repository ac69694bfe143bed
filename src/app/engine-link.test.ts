import { describe, expect, test } from 'vitest';
import { durationMs, unixMs } from '../model/time.ts';
import { SimClock } from '../platform/sim/sim-clock.ts';
import { LiveEngineLink } from './engine-link.ts';
import type { ToControl, ToEngine } from './protocol.ts';

/** A link whose other end answers nothing by itself. */
function world() {
  const clock = new SimClock({ start: unixMs(0) });
  const posted: ToEngine[] = [];
  let deliver = (_message: ToControl): void => {};
  let exit = (_why: string): void => {};
  const link = new LiveEngineLink(
    {
      post: (message) => void posted.push(message),
      onMessage: (handle) => {
        deliver = handle;
      },
      onExit: (handle) => {
        exit = handle;
      },
      terminate: () => {},
    },
    clock,
    () => {},
    () => {},
  );
  const client = new AbortController();
  let asked = 0;
  const asker = {
    get signal(): AbortSignal {
      asked++;
      return client.signal;
    },
  };
  return {
    clock,
    link,
    client,
    asker,
    asked: () => asked,
    canceled: () => posted.flatMap((message) => (message.kind === 'cancel' ? [message.id] : [])),
    answer: (id: number) => deliver({ kind: 'answer', id, gives: null }),
    exit: (why: string) => exit(why),
  };
}

describe('whoever asked and went away', () => {
  test('has a long call canceled at once', async () => {
    const it = world();
    void it.link.call('targets', null, { asker: it.asker });
    await it.clock.advance(durationMs(5000));
    expect(it.canceled()).toEqual([]);
    it.client.abort();
    expect(it.canceled()).toEqual([1]);
  });

  test('right after asking has it canceled soon', async () => {
    const it = world();
    void it.link.call('targets', null, { asker: it.asker });
    it.client.abort();
    await it.clock.advance(durationMs(50));
    expect(it.canceled()).toEqual([1]);
  });

  test('is not listened to where the answer is there at once, and others are', async () => {
    const it = world();
    const answered = it.link.call('targets', null, { asker: it.asker });
    it.answer(1);
    expect(await answered).toEqual({ kind: 'gave', gives: null });
    await it.clock.advance(durationMs(1000));
    expect(it.asked()).toBe(0);
    void it.link.call('targets', null, { asker: it.asker });
    await it.clock.advance(durationMs(1000));
    it.client.abort();
    expect(it.canceled()).toEqual([2]);
  });
});

test('an engine that ends refuses the calls under way and those to come', async () => {
  const it = world();
  const underWay = it.link.call('targets', null);
  it.exit('disk gone');
  const refused = { kind: 'refused', error: { type: 'unavailable', message: 'the engine is not running: disk gone' } };
  expect([await underWay, await it.link.call('targets', null)]).toEqual([refused, refused]);
});

test('is free from when the last call was answered that is no rehearsal', async () => {
  const it = world();
  await it.clock.advance(durationMs(10));
  expect(it.link.freeSince).toBe(0);
  void it.link.call('targets', null);
  void it.link.call('labelNames', { selectors: [], limit: 0, fromMs: 0, toMs: 1 }, { isOnStage: true });
  void it.link.call('targets', null);
  it.answer(1);
  expect(it.link.freeSince).toBeNull();
  await it.clock.advance(durationMs(10));
  it.answer(3);
  it.answer(3);
  await it.clock.advance(durationMs(10));
  it.answer(2);
  expect(it.link.freeSince).toBe(20);
});
