/** Silences of a real Alertmanager, from its API over its file into Tocsin: what both say of them is the same. */
import { describe, expect } from 'vitest';
import { freePort } from '../support/e2e/ports.ts';
import type { Stage } from '../support/e2e/stage.ts';
import { test } from '../support/e2e/staged-test.ts';
import { tocsinCommand } from '../support/e2e/tocsin.ts';
import { absent, findPeers } from '../support/peers.ts';

const CONFIG = 'route: {receiver: default}\nreceivers: [{name: default}]\n';
const PEERS = findPeers('alertmanager');

type Silence = { readonly id: string; readonly comment: string; readonly status: { readonly state: string } };

const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

const silence = (comment: string, changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  matchers: [{ name: 'alertname', value: comment, isRegex: false, isEqual: true }],
  startsAt: inHours(0),
  endsAt: inHours(5),
  createdBy: 'ana',
  comment,
  ...changes,
});

const ALL_TYPES = [
  { name: 'alertname', value: 'Disk.*|Über', isRegex: true, isEqual: true },
  { name: 'team', value: 'db', isRegex: false, isEqual: true },
  { name: 'node', value: 'a\n"b"', isRegex: false, isEqual: false },
  { name: 'zone', value: 'x|y', isRegex: true, isEqual: false },
];

/** As the API tells them, by id. */
async function silencesOf(url: string): Promise<readonly Silence[]> {
  const silences = (await (await fetch(`${url}/api/v2/silences`)).json()) as readonly Silence[];
  return silences.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Has an Alertmanager keep silences in every state, stops it, and gives what it said of them. */
async function keptByAlertmanager(stage: Stage, binary: string): Promise<readonly Silence[]> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const flags = ['--config.file=am.yml', '--storage.path=am', '--cluster.listen-address=', `--web.listen-address=127.0.0.1:${port}`];
  const alertmanager = await stage.server(binary, flags, { port, ready: '/-/ready' });
  const post = async (body: unknown): Promise<string> => {
    const answer = await fetch(`${url}/api/v2/silences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return ((await answer.json()) as { readonly silenceID: string }).silenceID;
  };
  await post(silence('all types', { matchers: ALL_TYPES }));
  await post(silence('pending', { startsAt: inHours(1), annotations: { ticket: 'T-1' } }));
  await fetch(`${url}/api/v2/silence/${await post(silence('expired'))}`, { method: 'DELETE' });
  const changed = await post(silence('to be changed'));
  await post(silence('to be changed', { id: changed, comment: 'changed: "é"\n<b>', endsAt: inHours(9) }));
  const silences = await silencesOf(url);
  expect((await alertmanager.stop()).code).toBe(0);
  return silences;
}

describe.skipIf(PEERS.length === 0)(`tocsin import-alertmanager${absent('alertmanager')}`, () => {
  test.for(PEERS)('what %s kept is shown as it was', async (binary, { stage }) => {
    stage.write({ 'am.yml': CONFIG, 'tocsin.yml': CONFIG });
    const theirs = await keptByAlertmanager(stage, binary);
    expect(theirs.map(({ status }) => status.state).toSorted()).toEqual(['active', 'active', 'expired', 'pending']);

    const imported = (...flags: readonly string[]) =>
      tocsinCommand(['import-alertmanager', 'am', '--data', 'data', ...flags], { cwd: stage.dir });
    const done = (line: string) => ({ code: 0, stdout: `silences of "am/silences":\n${line}`, stderr: '' });
    expect(await imported()).toMatchObject(done('  4 added\n'));
    expect(await imported()).toMatchObject(done('  4 here already\n'));

    const tocsin = await stage.tocsin();
    await tocsin.start();
    const ours = await silencesOf(tocsin.url);
    expect(ours).toEqual(theirs);
    const told = (await (await tocsin.get('/api/tocsin/v1/events?stage=silenced')).json()) as {
      readonly events: readonly { readonly text: string }[];
    };
    const imports = theirs.map(({ id }) => `silence ${id} of ana was imported`);
    expect(told.events.map(({ text }) => text).toSorted()).toEqual(imports);
    expect(await imported()).toMatchObject({ code: 1, stderr: expect.stringContaining('the data directory is in use by process') });

    // What people did here since is newer.
    const { id } = ours.find(({ comment }) => comment === 'pending') ?? expect.unreachable();
    await tocsin.get(`/api/v2/silence/${id}`, { method: 'DELETE' });
    const changed = await silencesOf(tocsin.url);
    await tocsin.stop();
    expect(await imported()).toMatchObject(done('  3 here already\n  1 older than here, left out\n'));
    await tocsin.start();
    expect(await silencesOf(tocsin.url)).toEqual(changed);
  });
});

test('import-alertmanager wants to know the directory', async ({ stage }) => {
  expect(await tocsinCommand(['import-alertmanager'], { cwd: stage.dir })).toMatchObject({
    code: 2,
    stdout: '',
    stderr: "error: missing required argument 'storage-path'\n",
  });
});
