/** encoding/json's Marshal of GoValues: sorted map keys, HTML characters escaped, times as RFC 3339. */
import type { BoundedText } from '../lib/bounded-text.ts';
import { formatFloat } from '../lib/go-strconv.ts';
import { civilTime, formatTime, RFC3339_NANO } from '../lib/go-time.ts';
import { GoCallError, type GoType, type GoValue, indirectInterface } from '../lib/go-value.ts';
import { compareUtf8 } from '../lib/utf8-order.ts';
import { TIME, timeArgument } from './time-values.ts';

const DEPTH_MAX = 100;

export function marshalJson(out: BoundedText, held: GoValue | null, depth = 0): void {
  if (depth > DEPTH_MAX) throw new GoCallError(`json: values are nested deeper than ${DEPTH_MAX}`);
  const value = indirectInterface(held);
  if (value === null) {
    out.append('null');
    return;
  }
  switch (value.kind) {
    case 'bool':
      out.append(String(value.bool));
      return;
    case 'int':
    case 'uint':
      out.append(value.int.toString());
      return;
    case 'float':
      out.append(jsonNumber(value.float));
      return;
    case 'string':
      out.append(jsonString(value.text));
      return;
    case 'pointer':
      marshalJson(out, value.to, depth + 1);
      return;
    case 'slice':
      if (value.items === null) out.append('null');
      else {
        const { items } = value;
        list(out, '[', ']', items.length, (i) => marshalJson(out, items[i] ?? null, depth + 1));
      }
      return;
    case 'map':
      if (value.entries === null) out.append('null');
      else {
        const entries = inOrder([...value.entries]);
        list(out, '{', '}', entries.length, (i) => {
          const [key, item] = entries[i] ?? ['', null];
          out.append(`${jsonString(key)}:`);
          marshalJson(out, item, depth + 1);
        });
      }
      return;
    case 'struct': {
      if (value.type === TIME) {
        out.append(jsonTime(value));
        return;
      }
      const members = membersOf(value.type);
      list(out, '{', '}', members.length, (i) => {
        const { key, index } = members[i] as Member;
        out.append(key);
        marshalJson(out, value.fields[index] ?? null, depth + 1);
      });
      return;
    }
    case 'complex':
    case 'interface':
      throw new GoCallError(`json: unsupported type: ${value.type.name}`);
  }
}

/** A field that is exported: its place in the struct, and its name with the colon behind it. */
type Member = { readonly key: string; readonly index: number };

const knownMembers = new WeakMap<GoType, readonly Member[]>();

function membersOf(type: GoType): readonly Member[] {
  let members = knownMembers.get(type);
  if (members === undefined) {
    members = (type.fields ?? []).flatMap((field, index) =>
      /^\p{Lu}/u.test(field.name) ? [{ key: `${jsonString(field.json ?? field.name)}:`, index }] : [],
    );
    knownMembers.set(type, members);
  }
  return members;
}

/** Label sets are in order already. */
function inOrder<T>(entries: [key: string, value: T][]): readonly [key: string, value: T][] {
  for (let i = 1; i < entries.length; i++)
    if (compareUtf8((entries[i - 1] as [string, T])[0], (entries[i] as [string, T])[0]) > 0)
      return entries.sort(([a], [b]) => compareUtf8(a, b));
  return entries;
}

function list(out: BoundedText, open: string, close: string, count: number, item: (index: number) => void): void {
  out.append(open);
  for (let i = 0; i < count; i++) {
    if (i > 0) out.append(',');
    item(i);
  }
  out.append(close);
}

function jsonTime(value: GoValue): string {
  const time = timeArgument([value], 0);
  const { year } = civilTime(time);
  if (year < 0 || year > 9999)
    throw new GoCallError('json: error calling MarshalJSON for type time.Time: Time.MarshalJSON: year outside of range [0,9999]');
  return `"${formatTime(time, RFC3339_NANO)}"`;
}

function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new GoCallError(`json: unsupported value: ${formatFloat(value, 'g', -1)}`);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-6 || magnitude >= 1e21)) return formatFloat(value, 'e', -1).replace(/e-0(\d)$/, 'e-$1');
  return formatFloat(value, 'f', -1);
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const PERHAPS_ESCAPED = /["\\\x00-\x1f<>&\u2028\u2029\ud800-\udfff]/;
const ESCAPED =
  // oxlint-disable-next-line no-control-regex -- as above
  /["\\\x00-\x1f<>&\u2028\u2029]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

export const jsonString = (text: string): string => (PERHAPS_ESCAPED.test(text) ? `"${text.replace(ESCAPED, escaped)}"` : `"${text}"`);

function escaped(char: string): string {
  const short = SHORT[char];
  if (short !== undefined) return short;
  const code = char.charCodeAt(0);
  return code >= 0xd800 && code <= 0xdfff ? '\\ufffd' : `\\u${code.toString(16).padStart(4, '0')}`;
}
