import { expect, test } from 'vitest';
import { unixMs } from '../model/time.ts';
import type { MatcherRow, SilenceId, SilenceRow } from './router-state.ts';
import { type ArrivedSilence, type MergeTerms, mergeSilences } from './silence-merge.ts';

const NOW = unixMs(1_700_000_000_000);
const idOf = (n: number): SilenceId => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` as SilenceId;
const TERMS: MergeTerms = { mode: 'utf8', limits: { silencesMax: 0, silenceBytesMax: 0 } };

/** Times are milliseconds from NOW; the comment tells versions apart. */
const row = (n: number, updatedAt: number, comment = 'arrived', changes: Partial<SilenceRow> = {}): SilenceRow => ({
  id: idOf(n),
  matcherSets: [[{ name: 'a', op: '=', value: 'b' }]],
  startsAt: NOW,
  endsAt: unixMs(NOW + 1000),
  updatedAt: unixMs(NOW + updatedAt),
  createdBy: 'ana',
  comment,
  annotations: {},
  ...changes,
});
const arrives = (
  silence: SilenceRow,
  { expires = 5000, defect = null }: { expires?: number; defect?: string | null } = {},
): ArrivedSilence => ({
  row: silence,
  expiresAt: unixMs(NOW + expires),
  defect,
});

type Case = {
  readonly given: string;
  readonly local?: readonly SilenceRow[];
  readonly arrived: readonly ArrivedSilence[];
  readonly becomes: { readonly added?: readonly SilenceRow[]; readonly replaced?: readonly SilenceRow[] } & Partial<
    Record<'same' | 'older' | 'expired', number>
  >;
};

test.each<Case>([
  { given: 'an unknown one is added', arrived: [arrives(row(1, 0))], becomes: { added: [row(1, 0)] } },
  {
    given: 'a newer one takes the place of ours, whatever it says',
    local: [row(1, 0, 'ours')],
    arrived: [arrives(row(1, 1, 'theirs', { matcherSets: [[{ name: 'c', op: '=~', value: 'd.*' }]] }))],
    becomes: { replaced: [row(1, 1, 'theirs', { matcherSets: [[{ name: 'c', op: '=~', value: 'd.*' }]] })] },
  },
  { given: 'one as old as ours leaves it', local: [row(1, 0, 'ours')], arrived: [arrives(row(1, 0))], becomes: { same: 1 } },
  { given: 'an older one leaves ours', local: [row(1, 0, 'ours')], arrived: [arrives(row(1, -1))], becomes: { older: 1 } },
  { given: 'one past its retention is not added', arrived: [arrives(row(1, 0), { expires: -1 })], becomes: { expired: 1 } },
  {
    given: 'one past its retention does not even replace',
    local: [row(1, 0, 'ours')],
    arrived: [arrives(row(1, 1), { expires: -1 })],
    becomes: { expired: 1 },
  },
  {
    given: 'one whose retention ends just now is still taken',
    arrived: [arrives(row(1, 0), { expires: 0 })],
    becomes: { added: [row(1, 0)] },
  },
  {
    given: 'an ended one within its retention is added',
    arrived: [arrives(row(1, -9000, 'ended', { startsAt: unixMs(NOW - 9000), endsAt: unixMs(NOW - 8000) }))],
    becomes: { added: [row(1, -9000, 'ended', { startsAt: unixMs(NOW - 9000), endsAt: unixMs(NOW - 8000) })] },
  },
  {
    given: 'of two versions that come, the newer stays, in any order',
    arrived: [arrives(row(1, 2)), arrives(row(1, 1)), arrives(row(2, 1)), arrives(row(2, 2))],
    becomes: { added: [row(1, 2), row(2, 2)], older: 1 },
  },
  {
    given: 'two newer versions of ours replace it once',
    local: [row(1, 0)],
    arrived: [arrives(row(1, 1)), arrives(row(1, 2))],
    becomes: { replaced: [row(1, 2)] },
  },
  { given: 'what did not come stays', local: [row(1, 0)], arrived: [], becomes: {} },
])('$given', ({ local = [], arrived, becomes }) => {
  const merge = mergeSilences(local, arrived, TERMS, NOW);
  expect(merge).toEqual({ added: [], replaced: [], same: 0, older: 0, expired: 0, refused: [], ...becomes });
  // Who merges twice has what he has.
  const after = new Map([...local, ...merge.added, ...merge.replaced].map((silence) => [silence.id, silence]));
  expect(mergeSilences([...after.values()], arrived, TERMS, NOW)).toMatchObject({ added: [], replaced: [] });
});

const matching = (...set: readonly MatcherRow[]): SilenceRow => row(1, 1, '', { matcherSets: [set] });

test.each<{ given: string; silence: SilenceRow; defect?: string; terms?: Partial<MergeTerms>; reason: string | null }>([
  { given: 'a sound one', silence: row(1, 1), reason: null },
  {
    given: 'no id',
    silence: { ...row(1, 1), id: '' as SilenceId },
    reason: 'its id is no UUID, so that the API could neither show nor end it',
  },
  { given: 'a defect', silence: row(1, 1), defect: 'it is odd', reason: 'it is odd' },
  { given: 'no matchers', silence: row(1, 1, '', { matcherSets: [] }), reason: 'at least one matcher set required' },
  {
    given: 'a matcher that matches everything',
    silence: matching({ name: 'a', op: '=~', value: '.*' }),
    reason: 'matcher set 0: at least one matcher must not match the empty string',
  },
  {
    given: 'an invalid regular expression',
    silence: matching({ name: 'a', op: '=~', value: '(' }),
    reason: 'invalid label matcher 0 in set 0: invalid regular expression "(": error parsing regexp: missing closing ): `(`',
  },
  { given: 'a name of any letters', silence: matching({ name: 'ü', op: '=', value: 'b' }), reason: null },
  {
    given: 'such a name in classic mode',
    silence: matching({ name: 'ü', op: '=', value: 'b' }),
    terms: { mode: 'classic' },
    reason: 'invalid label matcher 0 in set 0: invalid label name "ü"',
  },
  {
    given: 'an end before the start',
    silence: row(1, 1, '', { endsAt: unixMs(NOW - 1) }),
    reason: 'end time must not be before start time',
  },
  {
    given: 'one too many',
    silence: row(1, 1),
    terms: { limits: { silencesMax: 1, silenceBytesMax: 0 } },
    reason: 'exceeded maximum number of silences: 1 (limit: 1)',
  },
  {
    given: 'one too large',
    silence: row(1, 1, 'x'.repeat(100)),
    terms: { limits: { silencesMax: 0, silenceBytesMax: 150 } },
    reason: 'silence exceeded maximum size: 194 bytes (limit: 150 bytes)',
  },
])('beside a sound one, $given: $reason', ({ silence, defect = null, terms = {}, reason }) => {
  const { added, refused } = mergeSilences([], [arrives(row(2, 0)), arrives(silence, { defect })], { ...TERMS, ...terms }, NOW);
  expect(added).toEqual(reason === null ? [row(2, 0), silence] : [row(2, 0)]);
  expect(refused).toEqual(reason === null ? [] : [{ id: silence.id, reason }]);
});

test('a full store still takes a newer version of what it has', () => {
  const terms: MergeTerms = { mode: 'utf8', limits: { silencesMax: 1, silenceBytesMax: 0 } };
  expect(mergeSilences([row(1, 0)], [arrives(row(1, 1))], terms, NOW)).toMatchObject({ replaced: [row(1, 1)], refused: [] });
});
