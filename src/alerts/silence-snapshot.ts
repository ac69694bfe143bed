/**
 * The file in which Alertmanager keeps its silences, `silences` below its --storage.path: messages of type MeshSilence
 * (alertmanager/silence/silencepb/silence.proto), each after its length. What older releases have written is read as
 * Alertmanager reads it: `matchers` are the only set where there are no `matcher_sets`, and the first of `comments` stands
 * for the comment and its author. Times are cut to milliseconds, as Alertmanager's API shows them.
 */
import { ProtobufError, ProtobufReader, VARINT } from '../lib/protobuf-reader.ts';
import type { MatchOp } from '../model/matcher.ts';
import { type UnixMs, unixMs } from '../model/time.ts';
import type { MatcherRow, SilenceId } from './router-state.ts';
import { timesError } from './silence.ts';
import type { ArrivedSilence } from './silence-merge.ts';

/** Alertmanager takes no larger message either (protodelim's default). */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** The first second of the year 1, which is Go's word for "no time", and the last one of 9999: what a Timestamp may be. */
const SECOND_MIN = -62_135_596_800;
const SECOND_MAX = 253_402_300_799;
const NANOS_MAX = 999_999_999;

export type SilenceSnapshot =
  | { readonly kind: 'read'; readonly silences: readonly ArrivedSilence[] }
  /** The message that begins at `offset` is none, and what follows cannot be told apart. Before it there are `whole` ones. */
  | { readonly kind: 'broken'; readonly offset: number; readonly whole: number; readonly error: string };

export function readSilenceSnapshot(bytes: Uint8Array): SilenceSnapshot {
  const reader = new ProtobufReader(bytes);
  const silences: ArrivedSilence[] = [];
  while (reader.offset < bytes.length) {
    const { offset } = reader;
    try {
      silences.push(meshSilence(reader));
    } catch (error) {
      // TypeError: text that is not UTF-8.
      if (!(error instanceof ProtobufError || error instanceof TypeError)) throw error;
      return { kind: 'broken', offset, whole: silences.length, error: error.message };
    }
  }
  return { kind: 'read', silences };
}

/** A message as far as it is read. */
type Draft = {
  id: string;
  matchers: MatcherRow[];
  matcherSets: (readonly MatcherRow[])[];
  startsAt: UnixMs | null;
  endsAt: UnixMs | null;
  updatedAt: UnixMs | null;
  createdBy: string;
  comment: string;
  firstComment: { readonly author: string; readonly comment: string } | null;
  annotations: [name: string, value: string][];
  expiresAt: UnixMs | null;
  /** The first thing that a row cannot say. */
  defect: string | null;
};

function meshSilence(reader: ProtobufReader): ArrivedSilence {
  const draft: Draft = {
    id: '',
    matchers: [],
    matcherSets: [],
    startsAt: null,
    endsAt: null,
    updatedAt: null,
    createdBy: '',
    comment: '',
    firstComment: null,
    annotations: [],
    expiresAt: null,
    defect: null,
  };
  let hasSilence = false;
  const outer = reader.enterDelimited(MESSAGE_BYTES_MAX);
  while (reader.next()) {
    if (reader.field === 1) {
      hasSilence = true;
      readSilence(reader, draft);
    } else if (reader.field === 2) draft.expiresAt = timestamp(reader, draft);
    else reader.skip();
  }
  reader.leave(outer);
  if (!hasSilence) throw new ProtobufError('a message holds no silence');
  return arrivedSilence(draft);
}

function arrivedSilence(draft: Draft): ArrivedSilence {
  const { startsAt, endsAt, firstComment, matchers } = draft;
  const isOldForm = draft.matcherSets.length === 0 && matchers.length > 0;
  return {
    row: {
      id: draft.id as SilenceId,
      matcherSets: isOldForm ? [matchers] : draft.matcherSets,
      startsAt: startsAt ?? EPOCH,
      endsAt: endsAt ?? EPOCH,
      updatedAt: draft.updatedAt ?? EPOCH,
      createdBy: firstComment?.author ?? draft.createdBy,
      comment: firstComment?.comment ?? draft.comment,
      annotations: Object.fromEntries(draft.annotations),
    },
    expiresAt: draft.expiresAt ?? EPOCH,
    defect: draft.defect ?? (startsAt === null || endsAt === null ? timesError(startsAt, endsAt) : null),
  };
}

/** What Go takes a Timestamp for that is not there. */
const EPOCH = unixMs(0);

function readSilence(reader: ProtobufReader, draft: Draft): void {
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        draft.id = text(reader);
        break;
      case 2:
        draft.matchers.push(matcher(reader, draft));
        break;
      case 3:
        draft.startsAt = timestamp(reader, draft);
        break;
      case 4:
        draft.endsAt = timestamp(reader, draft);
        break;
      case 5:
        draft.updatedAt = timestamp(reader, draft);
        break;
      case 7: {
        const { 1: author, 2: comment } = texts(reader);
        draft.firstComment ??= { author, comment };
        break;
      }
      case 8:
        draft.createdBy = text(reader);
        break;
      case 9:
        draft.comment = text(reader);
        break;
      case 10: {
        const { 1: name, 2: value } = texts(reader);
        draft.annotations.push([name, value]);
        break;
      }
      case 11:
        draft.matcherSets.push(matcherSet(reader, draft));
        break;
      case 12:
        // Without them it would hold back more than it was made for.
        draft.defect ??= 'it holds for some receivers only (receiver_matcher_sets), which silences here cannot';
        reader.skip();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
}

function matcherSet(reader: ProtobufReader, draft: Draft): readonly MatcherRow[] {
  const outer = reader.enter();
  const matchers: MatcherRow[] = [];
  while (reader.next()) {
    if (reader.field === 1) matchers.push(matcher(reader, draft));
    else reader.skip();
  }
  reader.leave(outer);
  return matchers;
}

/** By the number that silence.proto gives the type. */
const OPS: readonly MatchOp[] = ['=', '=~', '!=', '!~'];

function matcher(reader: ProtobufReader, draft: Draft): MatcherRow {
  const outer = reader.enter();
  let type = 0;
  let name = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) type = int(reader);
    else if (reader.field === 2) name = text(reader);
    else if (reader.field === 3) value = text(reader);
    else reader.skip();
  }
  reader.leave(outer);
  const op = OPS[type];
  if (op === undefined) draft.defect ??= `unknown matcher type ${type}`;
  return { name, op: op ?? '=', value };
}

/** Null: it says that there is none. One outside of what can be is taken for the nearest that can. */
function timestamp(reader: ProtobufReader, draft: Draft): UnixMs | null {
  const outer = reader.enter();
  let seconds = 0;
  let nanos = 0;
  while (reader.next()) {
    if (reader.field === 1) seconds = int(reader);
    else if (reader.field === 2) nanos = int(reader);
    else reader.skip();
  }
  reader.leave(outer);
  const [second, nano] = [clamped(seconds, SECOND_MIN, SECOND_MAX), clamped(nanos, 0, NANOS_MAX)];
  if (second !== seconds || nano !== nanos) draft.defect ??= 'one of its times is none, or lies outside the years 1 to 9999';
  return second === SECOND_MIN && nano === 0 ? null : unixMs(second * 1000 + Math.floor(nano / 1e6));
}

const clamped = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);

/** A message of two texts, its fields 1 and 2; others are skipped. */
function texts(reader: ProtobufReader): { 1: string; 2: string } {
  const outer = reader.enter();
  const found = { 1: '', 2: '' };
  while (reader.next()) {
    if (reader.field === 1 || reader.field === 2) found[reader.field] = text(reader);
    else reader.skip();
  }
  reader.leave(outer);
  return found;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const text = (reader: ProtobufReader): string => UTF8.decode(reader.bytes());

function int(reader: ProtobufReader): number {
  reader.expect(VARINT);
  return reader.int();
}
