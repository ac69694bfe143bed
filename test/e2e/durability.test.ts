/** What was promised is kept: an answer of 2xx means that it is on disk. More kills: `npm run chaos -- durability`. */
import { expect } from 'vitest';
import { lostSilences } from '../support/e2e/lost-silences.ts';
import { test } from '../support/e2e/staged-test.ts';

test('twenty silences, each answered 2xx and followed by a kill in the same moment, are all there', { timeout: 240_000 }, async ({
  stage,
}) => {
  stage.write({ 'tocsin.yml': 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n' });
  expect(await lostSilences(await stage.tocsin(), 20)).toEqual([]);
});
