/** npm run chaos -- [options] [sigkill|pair|durability…]; see `USAGE`. */
import { parseArgs } from 'node:util';
import { between, SimRandom } from '../../src/platform/sim/sim-random.ts';
import { lostSilences } from '../support/e2e/lost-silences.ts';
import { Stage } from '../support/e2e/stage.ts';
import { absent, findPeer } from '../support/peers.ts';
import { crashLabels } from './crash-labels.ts';

import { runPair } from './pair.ts';
import { type Death, runChain, type SigkillVerdict } from './sigkill.ts';
import { WORKLOADS, type WorkloadName } from './workload.ts';

const USAGE = `usage: npm run chaos -- [options] [sigkill|pair|durability…]

Runs the built program and harms it; all three parts unless some are named. Exits 1 when a promise was broken.
  sigkill     kills at every labelled place, with mail, webhook, PagerDuty and the inbox notified: nothing is lost,
              nothing stuck, the ledger is what the providers got
  pair        two real Prometheus servers as a pair, everything restarted in turn: each alert is told once
  durability  a silence answered 2xx is there after a kill in the same moment
options
  --kills N      kills of sigkill (default 480); durability makes 5 for every 12 of them
  --minutes N    length of pair (default 10); sigkill stops after six times as long at the latest
  --parallel N   chains of kills side by side (default 2)
  --seed N       of everything that is drawn (default 1)
  --record FILE  keep what the pair posted, for test/sim
  --short        what fits into a minute`;

/** Deaths in one data directory. */
const CHAIN_LENGTH = 12;

type Part = (options: Options) => Promise<readonly string[]>;
type Options = {
  readonly kills: number;
  readonly minutes: number;
  readonly parallel: number;
  readonly seed: number;
  readonly record: string | null;
};
const PARTS: Readonly<Record<string, Part>> = { sigkill, pair, durability };

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      kills: { type: 'string' },
      minutes: { type: 'string' },
      parallel: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      record: { type: 'string' },
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !(name in PARTS));
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `there is no ${unknown.join(', ')}\n${USAGE}` : USAGE);
    return values.help ? 0 : 2;
  }
  const options: Options = {
    kills: Number(values.kills ?? (values.short ? 12 : 480)),
    minutes: Number(values.minutes ?? (values.short ? 0.3 : 10)),
    parallel: Number(values.parallel),
    seed: Number(values.seed),
    record: values.record ?? null,
  };
  const chosen = Object.entries(PARTS).filter(([name]) => positionals.length === 0 || positionals.includes(name));
  const run = async ([name, part]: readonly [string, Part]): Promise<readonly string[]> => {
    const began = performance.now();
    const problems = await part(options);
    if (part !== sigkill) complain(name, problems); // that one has said so at once
    console.log(
      `${name}: ${problems.length === 0 ? 'ok' : `${problems.length} problems`} after ${((performance.now() - began) / 1000).toFixed(0)} s`,
    );
    return problems;
  };
  // In a short run side by side: they mostly wait.
  const problems: (readonly string[])[] = values.short ? await Promise.all(chosen.map(run)) : [];
  if (!values.short) for (const part of chosen) problems.push(await run(part));
  return problems.flat().length === 0 ? 0 : 1;
}

async function sigkill({ kills, minutes, parallel, seed }: Options): Promise<readonly string[]> {
  const chains = deathChains(seed);
  const end = performance.now() + minutes * 6 * 60_000;
  const verdicts: SigkillVerdict[] = [];
  let done = 0;
  const isOver = (): boolean => done >= kills || performance.now() > end;
  const worker = async (): Promise<void> => {
    while (!isOver()) {
      const { workload, deaths } = chains.next().value;
      const verdict = await runChain(workload, deaths, isOver, () => ++done);
      verdicts.push(verdict);
      const { kills: own, notifications, repeats, problems } = verdict;
      console.log(
        `sigkill: ${workload}: ${own} kills, ${notifications} notifications, ${repeats} repeated${problems.length === 0 ? '' : ', BROKEN'}`,
      );
      complain(`sigkill: ${workload}`, problems);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const sum = (of: (verdict: SigkillVerdict) => number): number => verdicts.reduce((total, verdict) => total + of(verdict), 0);
  const killed = new Set(verdicts.flatMap(({ killedAt }) => killedAt));
  const notReached = crashLabels().filter((label) => !killed.has(label));
  console.log(
    `sigkill: ${sum((verdict) => verdict.kills)} kills, ${verdicts.length} data directories, ${sum((verdict) => verdict.cycles)} cycles, ${sum((verdict) => verdict.notifications)} notifications, ${sum((verdict) => verdict.repeats)} of them repeated`,
  );
  if (notReached.length > 0) console.log(`sigkill: nothing was killed at ${notReached.join(', ')}`);
  return verdicts.flatMap(({ problems }) => problems);
}

function complain(about: string, problems: readonly string[]): void {
  for (const problem of problems) console.error(`${about}: ${problem}`);
}

/** All labels at their first, second and a later pass, for each workload in turn, in an order drawn anew each time round. */
function* deathChains(seed: number): Generator<{ readonly workload: WorkloadName; readonly deaths: readonly Death[] }, never> {
  const random = new SimRandom(seed, 'deaths');
  const names = Object.keys(WORKLOADS) as WorkloadName[];
  const decks = new Map<WorkloadName, Death[]>();
  for (let turn = 0; ; turn++) {
    const workload = names[turn % names.length] as WorkloadName;
    const deck = decks.get(workload) ?? [];
    decks.set(workload, deck);
    if (deck.length === 0) {
      const all = crashLabels().flatMap((label) => [1, 2, between(random, 3, 9)].map((pass) => ({ label, pass, order: random.next() })));
      deck.push(...all.sort((a, b) => a.order - b.order));
    }
    yield { workload, deaths: deck.splice(0, CHAIN_LENGTH) };
  }
}

async function pair({ minutes, seed, record }: Options): Promise<readonly string[]> {
  if (findPeer('prometheus') === null) {
    console.log(`pair${absent('prometheus')}`);
    return [];
  }
  const { problems, episodes, flaps, repeats, latencyMsMax, recording } = await runPair({ minutes, seed, recordTo: record });
  console.log(
    `pair: ${episodes} episodes in ${recording.posts.length} posts, ${recording.downtimes.length} stops of Tocsin; told once each, ${repeats} under their old key again, the latest after ${(latencyMsMax / 1000).toFixed(1)} s; ${flaps} times the pair contradicted itself`,
  );
  return problems;
}

async function durability({ kills }: Options): Promise<readonly string[]> {
  const stage = new Stage();
  try {
    stage.write({ 'tocsin.yml': 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' });
    const count = Math.ceil((kills * 5) / 12);
    const lost = await lostSilences(await stage.tocsin(), count);
    console.log(`durability: ${count} silences, each killed at its 2xx, ${lost.length} lost`);
    return lost.map((id) => `silence ${id} is gone`);
  } finally {
    await stage.close();
  }
}

// Whoever breaks it off wants no program left behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
