/**
 * Where the next page of a list begins: a place in its order, as a text that clients hand back unread. It names the list
 * that it is of, so that one from elsewhere is refused instead of giving a wrong page.
 */
import { type UnixMs, unixMs } from '../../model/time.ts';

export type Place<Id> = { readonly at: UnixMs; readonly id: Id };

/** `list`: one letter. */
export const cursorOf = (list: string, { at, id }: Place<string | number>): string =>
  Buffer.from(`${list}${at}.${id}`).toString('base64url');

/** Null: no cursor of this list. */
export function placeOf(list: string, cursor: string): Place<string> | null {
  const [, kind, at, id] = /^([a-z])(\d{1,15})\.(.{1,100})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  return kind === list && at !== undefined && id !== undefined ? { at: unixMs(Number(at)), id } : null;
}
