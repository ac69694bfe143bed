/** A Prometheus started on a data directory, for tests that ask it what it sees there. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { snappyBytesMax, snappyCompress } from '../../src/lib/snappy.ts';
import { freePort } from './e2e/ports.ts';
import { peer } from './peers.ts';

/** Lines of `promtool tsdb dump`: one per sample. */
export function promtoolDump(directory: string): string[] {
  const { stdout, stderr, status } = spawnSync(peer('promtool'), ['tsdb', 'dump', `${directory}/data`], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trimEnd().split('\n');
}

export type PrometheusSeries = {
  readonly metric: Readonly<Record<string, string>>;
  readonly values?: readonly (readonly [seconds: number, value: string])[];
  readonly histograms?: readonly (readonly [seconds: number, histogram: PrometheusHistogram])[];
};
export type PrometheusHistogram = {
  readonly count: string;
  readonly sum: string;
  readonly buckets?: readonly (readonly [rule: number, lower: string, upper: string, count: string])[];
};

export class RealPrometheus {
  readonly #process: ChildProcess;
  readonly #url: string;
  #log = '';
  #exited = false;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.#url = url;
    process.stderr?.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
    });
    process.on('exit', () => {
      this.#exited = true;
    });
  }

  static async start(directory: string): Promise<RealPrometheus> {
    const port = await freePort();
    writeFileSync(`${directory}/prometheus.yml`, 'global: {}\n');
    const child = spawn(
      peer('prometheus'),
      [
        `--config.file=${directory}/prometheus.yml`,
        `--storage.tsdb.path=${directory}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--web.enable-remote-write-receiver',
        '--enable-feature=native-histograms',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const started = new RealPrometheus(child, `http://127.0.0.1:${port}`);
    for (let attempt = 0; attempt < 300 && !started.#exited; attempt++) {
      const isReady = await fetch(`${started.#url}/-/ready`).then(
        (response) => response.ok,
        () => false,
      );
      if (isReady) return started;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    child.kill('SIGKILL');
    throw new Error(`prometheus did not become ready:\n${started.#log}`);
  }

  /** What it has logged so far. */
  get log(): string {
    return this.#log;
  }

  /** All series with their samples in the hours before `endMs`. */
  async series(selector: string, endMs: number, hours = 3): Promise<readonly PrometheusSeries[]> {
    const query = new URLSearchParams({ query: `${selector}[${hours}h]`, time: String(endMs / 1000) });
    const response = await fetch(`${this.#url}/api/v1/query?${query}`);
    const body = (await response.json()) as { data?: { result: PrometheusSeries[] }; error?: string };
    if (body.data === undefined) throw new Error(body.error);
    return body.data.result;
  }

  async write(series: readonly RemoteSeries[]): Promise<void> {
    const body = encodeWriteRequest(series);
    const response = await fetch(`${this.#url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-encoding': 'snappy', 'content-type': 'application/x-protobuf', 'x-prometheus-remote-write-version': '0.1.0' },
      body,
    });
    if (!response.ok) throw new Error(`remote write: ${response.status} ${await response.text()}`);
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#exited) return;
    const exited = new Promise((resolve) => this.#process.on('exit', resolve));
    this.#process.kill(signal);
    await exited;
  }
}

/** A series of a remote write request, version 1 (prometheus/prompb/types.proto). */
export type RemoteSeries = {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples?: readonly (readonly [timestampMs: number, value: number])[];
  readonly histograms?: readonly RemoteHistogram[];
};
export type RemoteHistogram = {
  readonly timestampMs: number;
  readonly count: number;
  readonly sum: number;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly spans: readonly (readonly [offset: number, length: number])[];
  /** Differences to the bucket before. */
  readonly deltas?: readonly number[];
  /** In place of the deltas: the buckets, the count and the zero count are floats. */
  readonly counts?: readonly number[];
  readonly negativeSpans?: readonly (readonly [offset: number, length: number])[];
  readonly negativeDeltas?: readonly number[];
  readonly resetHint?: number;
  readonly customValues?: readonly number[];
};

/** The body of a remote write request, compressed. */
export function encodeWriteRequest(series: readonly RemoteSeries[]): Buffer {
  const plain = message(...series.map((one) => field(1, encodeSeries(one))));
  const out = new Uint8Array(snappyBytesMax(plain.length));
  return Buffer.from(out.subarray(0, snappyCompress(plain, out)));
}

function encodeSeries({ labels, samples = [], histograms = [] }: RemoteSeries): Buffer {
  const names = Object.keys(labels).sort();
  return message(
    ...names.map((name) => field(1, message(field(1, Buffer.from(name)), field(2, Buffer.from(labels[name] ?? ''))))),
    ...samples.map(([timestampMs, value]) => field(2, message(double(1, value), varint(2, timestampMs)))),
    ...histograms.map((histogram) => field(4, encodeHistogram(histogram))),
  );
}

const encodeHistogram = (histogram: RemoteHistogram): Buffer => {
  const { counts, negativeSpans = [], negativeDeltas = [], deltas = [], resetHint = 0, customValues = [] } = histogram;
  return message(
    counts === undefined ? varint(1, histogram.count) : double(2, histogram.count),
    double(3, histogram.sum),
    varint(4, zigzag(histogram.schema)),
    double(5, histogram.zeroThreshold),
    counts === undefined ? varint(6, histogram.zeroCount) : double(7, histogram.zeroCount),
    ...negativeSpans.map((span) => field(8, encodeSpan(span))),
    field(9, message(...negativeDeltas.map((delta) => bareVarint(zigzag(delta))))),
    ...histogram.spans.map((span) => field(11, encodeSpan(span))),
    field(12, message(...deltas.map((delta) => bareVarint(zigzag(delta))))),
    ...(counts ?? []).map((count) => double(13, count)),
    varint(14, resetHint),
    varint(15, histogram.timestampMs),
    ...customValues.map((bound) => double(16, bound)),
  );
};

const encodeSpan = ([offset, length]: readonly [number, number]): Buffer => message(varint(1, zigzag(offset)), varint(2, length));

const message = (...parts: readonly Buffer[]): Buffer => Buffer.concat(parts);
const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);
const field = (number: number, bytes: Buffer): Buffer => message(bareVarint(number * 8 + 2), bareVarint(bytes.length), bytes);
const varint = (number: number, value: number): Buffer => message(bareVarint(number * 8), bareVarint(value));

function double(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return message(bareVarint(number * 8 + 1), bytes);
}

function bareVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}
