import { expect, test } from 'vitest';
import { snappyBytesMax, snappyCompress } from '../lib/snappy.ts';
import type { Labels } from '../model/labels.ts';
import type { Appender, AppendVerdict, SeriesRef } from '../model/storage.ts';
import { appendRemoteWrite } from './remote-write.ts';

/** A store that keeps what was committed; refuses timestamps below `oldest`. */
function store(oldest = Number.NEGATIVE_INFINITY) {
  const committed: string[] = [];
  return {
    committed,
    appender(): Appender {
      const series: Labels[] = [];
      const pending: string[] = [];
      return {
        series: (labels) => series.push(labels) as SeriesRef,
        append: (ref, timestamp, value): AppendVerdict => {
          if (timestamp < oldest) return 'out_of_order';
          pending.push(`${series[ref - 1]?.toString()} ${value} @${timestamp}`);
          return 'ok';
        },
        appendHistogram: () => 'ok',
        startTimestamp: () => {},
        commit: () => committed.push(...pending),
        rollback: () => {},
      };
    },
  };
}

const bytesField = (field: number, bytes: readonly number[]): number[] => [(field << 3) | 2, bytes.length, ...bytes];
const textField = (field: number, text: string): number[] => bytesField(field, [...new TextEncoder().encode(text)]);
const label = (name: string, value: string): number[] => bytesField(1, [...textField(1, name), ...textField(2, value)]);
function sample(value: number, timestamp: number): number[] {
  const double = new Uint8Array(8);
  new DataView(double.buffer).setFloat64(0, value, true);
  return bytesField(2, [0x09, ...double, 0x10, timestamp]);
}
function request(...series: readonly (readonly number[])[]): Uint8Array {
  const raw = Uint8Array.from(series.flatMap((one) => bytesField(1, one)));
  const out = new Uint8Array(snappyBytesMax(raw.length));
  return out.slice(0, snappyCompress(raw, out));
}

test('series and samples of a request are stored, unsorted labels included', () => {
  const into = store();
  const body = request(
    [...label('job', 'a'), ...label('__name__', 'up'), ...sample(1, 10), ...sample(0, 20)],
    [...label('__name__', 'x'), ...sample(7, 5)],
  );
  expect(appendRemoteWrite(into, body)).toEqual({ kind: 'stored', samples: 3 });
  expect(into.committed).toEqual(['{__name__="up", job="a"} 1 @10', '{__name__="up", job="a"} 0 @20', '{__name__="x"} 7 @5']);
});

test('a refused sample is named and does not take the good ones with it', () => {
  const into = store(15);
  const body = request([...label('__name__', 'up'), ...sample(1, 10), ...sample(0, 20)]);
  expect(appendRemoteWrite(into, body)).toEqual({ kind: 'refused', error: 'out of order sample (series {__name__="up"}, timestamp 10)' });
  expect(into.committed).toEqual(['{__name__="up"} 0 @20']);
});

test.each([
  ['no metric name', request([...label('job', 'a'), ...sample(1, 10)]), /no metric name/],
  ['a repeated label', request([...label('__name__', 'up'), ...label('a', '1'), ...label('a', '2'), ...sample(1, 10)]), /repeated/],
  ['what is not snappy', new Uint8Array([255, 255, 255, 255, 255, 255]), /not snappy/],
  ['what is not protobuf', request([0x0a, 0x7f, 0x01]), /not a prometheus\.WriteRequest/],
])('a request with %s is refused and nothing of it is stored', (_name, body, error) => {
  const into = store();
  const outcome = appendRemoteWrite(into, body);
  expect(outcome.kind === 'refused' ? outcome.error : 'stored').toMatch(error);
  expect(into.committed).toEqual([]);
});
