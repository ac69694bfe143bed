/** One remote write from its bytes to the batch. The store does nothing: what is measured is reading and recognising. */
import { bench, describe } from 'vitest';
import { idleAppender } from '../../test/support/idle-appender.ts';
import { ByteWriter } from '../lib/byte-writer.ts';
import { finish } from '../lib/finish.ts';
import { snappyBytesMax, snappyCompress } from '../lib/snappy.ts';
import { unixMs } from '../model/time.ts';
import { RemoteWriteReceiver } from './remote-write.ts';

const SAMPLES = 20_000;
const NOW = unixMs(1_700_000_000_000);

/** Messages within messages: a field of bytes, its number and what is in it. */
function addMessage(to: ByteWriter, field: number, fill: (message: ByteWriter) => void): void {
  const message = new ByteWriter();
  fill(message);
  to.u8(field * 8 + 2);
  to.uvarint(message.length);
  to.raw(message.view());
}

function request(samplesPerSeries: number): Uint8Array {
  const all = new ByteWriter();
  for (let s = 0; s < SAMPLES / samplesPerSeries; s++) {
    const labels = { __name__: 'http_requests_total', code: '200', handler: `/h${s % 5}`, instance: `host-${s}:9100`, job: 'api' };
    addMessage(all, 1, (series) => {
      for (const [name, value] of Object.entries(labels)) {
        addMessage(series, 1, (label) => {
          addMessage(label, 1, (text) => text.raw(new TextEncoder().encode(name)));
          addMessage(label, 2, (text) => text.raw(new TextEncoder().encode(value)));
        });
      }
      for (let i = 0; i < samplesPerSeries; i++) {
        addMessage(series, 2, (sample) => {
          sample.u8(0x09);
          sample.raw(new Uint8Array(Float64Array.of(s * i).buffer));
          sample.u8(0x10);
          sample.uvarint(NOW - (samplesPerSeries - i) * 15_000);
        });
      }
    });
  }
  const out = new Uint8Array(snappyBytesMax(all.length));
  return out.slice(0, snappyCompress(all.view(), out));
}

const appender = idleAppender();
const receiver = (): RemoteWriteReceiver => new RemoteWriteReceiver({ appender: () => appender });

describe.each([1, 40])(`${SAMPLES} samples, %i of each series`, (samplesPerSeries) => {
  const body = request(samplesPerSeries);
  const knowing = receiver();
  bench('known series', () => void finish(knowing.receive(body, NOW)));
  bench('new series', () => void finish(receiver().receive(body, NOW)));
});
