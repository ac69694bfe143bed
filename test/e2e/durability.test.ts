/** What was promised is kept: an answer of 2xx means that it is on disk. More kills: `npm run chaos -- durability`. */
import { expect } from 'vitest';
import { lostSilences } from '../support/e2e/lost-silences.ts';
import { test } from '../support/e2e/staged-test.ts';

test('silences, each answered 2xx and followed by a kill in the same moment, are all there', async ({ stage }) => {
  stage.write({ 'tocsin.yml': 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' });
  expect(await lostSilences(await stage.tocsin(), 5)).toEqual([]);
});
