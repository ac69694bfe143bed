import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delimited, meshSilence, message, type ProtoField, seconds } from '../../test/support/silence-snapshot-bytes.ts';
import { type ArrivedSilence } from './silence-merge.ts';
import { readSilenceSnapshot } from './silence-snapshot.ts';

const ID = '5d0f3f2a-8a51-4c8a-9f0e-0d4c6c2b7e11';
const OTHER = 'a2b7e11a-8a51-4c8a-9f0e-0d4c6c2b7e22';

function read(bytes: Uint8Array): readonly ArrivedSilence[] {
  const snapshot = readSilenceSnapshot(bytes);
  if (snapshot.kind === 'broken') throw new Error(snapshot.error);
  return snapshot.silences;
}

const matcher = (type: number, name: string, value: string): readonly ProtoField[] => [
  [1, type],
  [2, name],
  [3, value],
];

/** A silence of nothing but these fields. */
const bare = (...fields: readonly ProtoField[]): ArrivedSilence | undefined => read(delimited([[[1, fields]]]))[0];

describe('what Alertmanager writes', () => {
  test('a silence is read whole, its times to the millisecond', () => {
    const annotations: readonly ProtoField[] = [
      [
        10,
        [
          [1, 'ticket'],
          [2, 'T-1'],
        ],
      ],
      [
        10,
        [
          [1, '__proto__'],
          [2, 'x'],
        ],
      ],
    ];
    expect(read(delimited([meshSilence(ID, { updated: 1_700_000_005, fields: annotations }), meshSilence(OTHER)]))).toEqual([
      {
        row: {
          id: ID,
          matcherSets: [[{ name: 'alertname', op: '=', value: 'DiskFull' }]],
          startsAt: 1_700_000_000_123,
          endsAt: 3_900_000_000_000,
          updatedAt: 1_700_000_005_000,
          createdBy: 'ana',
          comment: 'planned',
          annotations: Object.fromEntries([
            ['ticket', 'T-1'],
            ['__proto__', 'x'],
          ]),
        },
        expiresAt: 4_000_000_000_000,
        defect: null,
      },
      expect.objectContaining({ row: expect.objectContaining({ id: OTHER }) }),
    ]);
  });

  test('an empty file holds none', () => {
    expect(read(new Uint8Array())).toEqual([]);
  });

  test.each<{ given: string; fields: readonly ProtoField[]; sets: readonly (readonly string[])[] }>([
    {
      given: 'every type of matcher',
      fields: [
        [
          11,
          [
            [1, matcher(0, 'a', '1')],
            [1, matcher(1, 'b', '2.*')],
            [1, matcher(2, 'c', '')],
            [1, matcher(3, 'd', 'ü')],
          ],
        ],
      ],
      sets: [['a=1', 'b=~2.*', 'c!=', 'd!~ü']],
    },
    {
      given: 'several sets',
      fields: [
        [11, [[1, matcher(0, 'a', '1')]]],
        [11, [[1, matcher(0, 'b', '2')]]],
      ],
      sets: [['a=1'], ['b=2']],
    },
    {
      given: 'the matchers that old releases write alone',
      fields: [
        [2, matcher(0, 'a', '1')],
        [2, matcher(3, 'b', '2')],
      ],
      sets: [['a=1', 'b!~2']],
    },
    {
      given: 'the matchers that new releases write besides, for old ones',
      fields: [
        [2, matcher(0, 'a', '1')],
        [11, [[1, matcher(0, 'b', '2')]]],
      ],
      sets: [['b=2']],
    },
    { given: 'none', fields: [], sets: [] },
  ])('$given', ({ fields, sets }) => {
    const found = bare(...fields)?.row.matcherSets;
    expect(found?.map((set) => set.map(({ name, op, value }) => `${name}${op}${value}`))).toEqual(sets);
  });

  test('the first of old comments stands for the comment and its author', () => {
    const comments: readonly ProtoField[] = [
      [
        7,
        [
          [1, 'bo'],
          [2, 'first'],
          [3, seconds(5)],
        ],
      ],
      [
        7,
        [
          [1, 'cy'],
          [2, 'second'],
        ],
      ],
    ];
    expect(bare(...comments)?.row).toMatchObject({ createdBy: 'bo', comment: 'first' });
  });

  test('fields of releases to come are passed over', () => {
    expect(bare([1, ID], [99, 'later'], [98, 7])).toMatchObject({ row: { id: ID } });
  });

  test('no expiry and no update are times long past', () => {
    expect(bare([1, ID])).toMatchObject({ expiresAt: 0, row: { updatedAt: 0 } });
  });
});

describe('what a row cannot say', () => {
  const START: ProtoField = [3, seconds(1)];
  const END: ProtoField = [4, seconds(2)];
  const OUTSIDE = 'one of its times is none, or lies outside the years 1 to 9999';
  test.each<{ given: string; fields: readonly ProtoField[]; defect: string | null }>([
    { given: 'nothing', fields: [START, END], defect: null },
    { given: 'no start', fields: [END], defect: 'invalid zero start timestamp' },
    { given: 'a start of the year 1', fields: [[3, seconds(-62_135_596_800)], END], defect: 'invalid zero start timestamp' },
    { given: 'no end', fields: [START], defect: 'invalid zero end timestamp' },
    { given: 'an end after the year 9999', fields: [START, [4, seconds(253_402_300_800)]], defect: OUTSIDE },
    { given: 'the last instant of 9999', fields: [START, [4, seconds(253_402_300_799, 999_999_999)]], defect: null },
    { given: 'an update before the year 1', fields: [START, END, [5, seconds(-62_135_596_801)]], defect: OUTSIDE },
    { given: 'a start of two seconds in nanoseconds', fields: [[3, seconds(1, 2e9)], END], defect: OUTSIDE },
    { given: 'a matcher type', fields: [START, END, [11, [[1, matcher(4, 'a', 'b')]]]], defect: 'unknown matcher type 4' },
    { given: 'a negative matcher type', fields: [START, END, [2, matcher(-1, 'a', 'b')]], defect: 'unknown matcher type -1' },
    {
      given: 'receivers',
      fields: [START, END, [12, [[1, matcher(0, 'a', 'b')]]]],
      defect: 'it holds for some receivers only (receiver_matcher_sets), which silences here cannot',
    },
  ])('$given', ({ fields, defect }) => {
    expect(bare(...fields)?.defect).toBe(defect);
  });
});

describe('what is no such file', () => {
  const whole = delimited([
    meshSilence(ID),
    meshSilence(OTHER, {
      fields: [
        [
          10,
          [
            [1, 'ticket'],
            [2, 'T-1'],
          ],
        ],
      ],
    }),
  ]);
  const second = delimited([meshSilence(ID)]).length;

  test('one cut off anywhere but between silences is broken, where the cut silence begins', () => {
    for (let length = 1; length < whole.length; length++) {
      const snapshot = readSilenceSnapshot(whole.subarray(0, length));
      if (length === second) expect(snapshot).toMatchObject({ kind: 'read', silences: [{ row: { id: ID } }] });
      else if (length < second) expect(snapshot).toMatchObject({ kind: 'broken', offset: 0, whole: 0 });
      else expect(snapshot).toMatchObject({ kind: 'broken', offset: second, whole: 1 });
    }
  });

  test.each<{ given: string; bytes: Uint8Array; error: string }>([
    { given: 'zeros', bytes: new Uint8Array(100), error: 'a message holds no silence' },
    { given: 'a message without a silence', bytes: delimited([[[2, seconds(5)]]]), error: 'a message holds no silence' },
    { given: 'JSON', bytes: new TextEncoder().encode('{"id": "x"}'), error: 'a message runs past the end' },
    { given: 'an endless number', bytes: new Uint8Array(20).fill(0xff), error: 'a varint is longer than ten bytes' },
    {
      given: 'a message larger than Alertmanager takes',
      bytes: Uint8Array.from([0x81, 0x80, 0x80, 0x02]),
      error: 'a message of 4194305 bytes is longer than 4194304',
    },
    { given: 'a text that is not UTF-8', bytes: delimited([[[1, [[1, Uint8Array.of(0xff)]]]]]), error: 'not valid for encoding utf-8' },
    { given: 'a number in the place of a silence', bytes: delimited([[[1, 5]]]), error: 'field 1 has wire type 0, not bytes' },
    { given: 'a text in the place of seconds', bytes: delimited([[[1, [[3, [[1, 'x']]]]]]]), error: 'field 1 has wire type 2, not 0' },
    {
      given: 'a silence that reaches over its message',
      bytes: Uint8Array.from([2, 0x0a, 3, 0x0a, 1, 0x61]),
      error: 'a field runs past the end',
    },
  ])('$given', ({ bytes, error }) => {
    expect(readSilenceSnapshot(bytes)).toMatchObject({ kind: 'broken', offset: 0, error: expect.stringContaining(error) });
  });

  test('any bytes are either silences or broken somewhere', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // A file with one byte changed comes further than noise.
      fc.tuple(fc.nat(whole.length - 1), fc.nat(255)).map(([at, value]) => whole.with(at, value)),
      fc.uint8Array({ maxLength: 60 }).map((noise) => delimited([[[1, message([[11, noise]])]]])),
    );
    fc.assert(
      fc.property(bytes, (given) => {
        const snapshot = readSilenceSnapshot(given);
        if (snapshot.kind === 'broken') expect(snapshot.offset).toBeLessThan(given.length);
        else for (const { row } of snapshot.silences) new Date(row.endsAt).toISOString();
      }),
      { numRuns: 2000 },
    );
  });
});
