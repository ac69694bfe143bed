/** What was answered 2xx survives kill -9 in the same moment: silences, one after the other, each followed by a kill and a start. */
import type { Tocsin } from './tocsin.ts';

/** Posts a silence, kills at its 2xx, starts, again and again. Gives those that are gone afterwards. */
export async function lostSilences(tocsin: Tocsin, kills: number): Promise<readonly string[]> {
  const promised: string[] = [];
  for (let i = 0; i < kills; i++) {
    await tocsin.launch();
    await tocsin.listening();
    const response = await tocsin.post('/api/v2/silences', {
      matchers: [{ name: 'alertname', value: `Alert${i}`, isRegex: false, isEqual: true }],
      startsAt: new Date().toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      createdBy: 'chaos',
      comment: `before kill ${i}`,
    });
    if (response.status !== 200) throw new Error(`a silence was answered ${response.status} ${await response.text()}`);
    tocsin.program.signal('SIGKILL');
    promised.push(((await response.json()) as { readonly silenceID: string }).silenceID);
    await tocsin.program.ended;
  }
  await tocsin.start();
  const found = (await (await tocsin.get('/api/v2/silences')).json()) as readonly { readonly id: string }[];
  const ids = new Set(found.map(({ id }) => id));
  return promised.filter((id) => !ids.has(id));
}
