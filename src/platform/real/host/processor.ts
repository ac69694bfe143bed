/** /proc/stat: processor time, interrupts, context switches, processes, boot time (node_exporter: cpu, stat). */
import { type HostFamily, linesOf, single, wordsOf } from './family.ts';

/** The kernel counts processor time in ticks of USER_HZ, which is 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Idle time that falls by this much is a processor that was unplugged and came back. */
const HOTPLUG_SECONDS = 3;

const MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal'] as const;
const GUEST_MODES = ['user', 'nice'] as const;
const IDLE = MODES.indexOf('idle');

/** Seconds by processor number, in the order of MODES, then guest and guest nice. */
export type ProcessorTimes = ReadonlyMap<string, readonly number[]>;

export function parseProcessorTimes(stat: string): ProcessorTimes {
  const times = new Map<string, readonly number[]>();
  for (const line of linesOf(stat)) {
    const match = /^cpu(\d+)\s+(.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) continue;
    const ticks = wordsOf(match[2]).map(Number);
    times.set(
      match[1],
      Array.from({ length: MODES.length + GUEST_MODES.length }, (_, i) => (ticks[i] ?? 0) / TICKS_PER_SECOND),
    );
  }
  return times;
}

/**
 * The later times, except that what fell a little keeps its earlier value: the kernel's idle and iowait are estimates
 * that go back at times, and a counter that goes back looks like a restart.
 */
export function neverFalling(earlier: ProcessorTimes, later: ProcessorTimes): ProcessorTimes {
  const times = new Map<string, readonly number[]>();
  for (const [cpu, values] of later) {
    const before = earlier.get(cpu);
    const isReplugged = (before?.[IDLE] ?? 0) - (values[IDLE] ?? 0) >= HOTPLUG_SECONDS;
    times.set(cpu, before === undefined || isReplugged ? values : values.map((value, i) => Math.max(value, before[i] ?? 0)));
  }
  return times;
}

export function processorFamilies(times: ProcessorTimes): readonly HostFamily[] {
  const samples = (modes: readonly string[], from: number) =>
    [...times].flatMap(([cpu, values]) => modes.map((mode, i) => ({ labels: { cpu, mode }, value: values[from + i] ?? 0 })));
  return [
    {
      name: 'node_cpu_guest_seconds_total',
      help: 'Time spent running guests.',
      type: 'counter',
      samples: samples(GUEST_MODES, MODES.length),
    },
    { name: 'node_cpu_seconds_total', help: 'Time spent in each mode.', type: 'counter', samples: samples(MODES, 0) },
  ];
}

const SYSTEM_FIELDS: readonly (readonly [field: string, type: HostFamily['type'], name: string, help: string])[] = [
  ['btime', 'gauge', 'node_boot_time_seconds', 'When the machine booted, in Unix time.'],
  ['ctxt', 'counter', 'node_context_switches_total', 'Context switches.'],
  ['processes', 'counter', 'node_forks_total', 'Processes and threads started.'],
  ['intr', 'counter', 'node_intr_total', 'Interrupts served.'],
  ['procs_blocked', 'gauge', 'node_procs_blocked', 'Processes waiting for I/O.'],
  ['procs_running', 'gauge', 'node_procs_running', 'Processes that run or could run.'],
];

export function systemFamilies(stat: string): readonly HostFamily[] {
  const values = new Map(linesOf(stat).map((line) => [wordsOf(line)[0], Number(wordsOf(line)[1])]));
  return SYSTEM_FIELDS.flatMap(([field, type, name, help]) => {
    const value = values.get(field);
    return value === undefined ? [] : [single(type, name, help, value)];
  });
}
