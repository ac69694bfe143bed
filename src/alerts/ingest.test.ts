import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Labels } from '../model/labels.ts';
import { durationMs, unixMs } from '../model/time.ts';
import { postedAlert } from './ingest.ts';

const options = { resolveTimeoutMs: durationMs(1000), labelNames: 'utf8' } as const;

test('labels are stored sorted, without empty values and half characters, however they are posted', () => {
  const value = fc.constantFrom('', 'x', 'y\ud800', '\udc00', '𝒳');
  fc.assert(
    fc.property(fc.dictionary(fc.stringMatching(/^[a-zé￰𝒳]{1,3}$/u), value, { maxKeys: 80 }), (labels) => {
      const posted = postedAlert(
        { labels: { ...labels, zz: '1' }, annotations: labels, startsAt: null, endsAt: null, generatorUrl: '' },
        options,
        unixMs(0),
      );
      if ('error' in posted) throw new Error(posted.error);
      const wanted = Object.entries(labels).map(([name, text]): [string, string] => [name, text.replace(/\p{Cs}/gu, '\ufffd')]);
      expect(posted.annotations).toEqual(Labels.fromPairs(wanted));
      expect(posted.labels).toEqual(Labels.fromPairs([...wanted, ['zz', '1']]));
    }),
  );
});
