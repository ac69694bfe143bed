/** Writes the file in which Alertmanager keeps its silences, field by field, so that tests can also write what it would not. */

/** [field number, value]: a text, a whole number, or a message of its own. */
export type ProtoField = readonly [number: number, value: string | number | Uint8Array | readonly ProtoField[]];

const VARINT = 0;
const BYTES = 2;

export function message(fields: readonly ProtoField[]): Uint8Array {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === 'number') return [varint(number * 8 + VARINT), varint(value)];
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Uint8Array ? value : message(value);
    return [varint(number * 8 + BYTES), varint(bytes.length), bytes];
  });
  return joined(parts);
}

/** The messages one after the other, each after its length. */
export const delimited = (messages: readonly (readonly ProtoField[])[]): Uint8Array =>
  joined(messages.map(message).flatMap((bytes) => [varint(bytes.length), bytes]));

export const seconds = (value: number, nanos = 0): readonly ProtoField[] => [
  [1, value],
  [2, nanos],
];

/** One MeshSilence as releases with sets of matchers write it; `fields` come after, and so count. */
export const meshSilence = (
  id: string,
  { updated = 1_700_000_000, expires = 4_000_000_000, fields = [] }: SilenceSpec = {},
): readonly ProtoField[] => [
  [
    1,
    [
      [1, id],
      [2, ALERTNAME],
      [3, seconds(1_700_000_000, 123_456_789)],
      [4, seconds(3_900_000_000)],
      [5, seconds(updated)],
      [8, 'ana'],
      [9, 'planned'],
      [11, [[1, ALERTNAME]]],
      ...fields,
    ],
  ],
  [2, seconds(expires)],
];

export type SilenceSpec = { readonly updated?: number; readonly expires?: number; readonly fields?: readonly ProtoField[] };

const ALERTNAME: readonly ProtoField[] = [
  [2, 'alertname'],
  [3, 'DiskFull'],
];

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
