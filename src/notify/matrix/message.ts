/**
 * From a notification to a message event of Matrix (Client-Server API, "Sending events to a room"). The transaction id is
 * the notification's: a repeated attempt is answered with the event that the first one made. Later notifications of a group
 * reply to its first message; an edit would tell nobody that something has ended.
 */
import { FieldRenderer, UNLIMITED } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { firstThatFits, fittingText, jsonRequest, type Made, made, type Outgoing } from '../outgoing.ts';
import { joinUrl } from '../url-field.ts';
import type { MatrixConfig } from './config.ts';

/** An event is at most 65536 bytes, of which the server adds some. */
const CONTENT_BYTES_MAX = 60_000;

/** Of the room that an alias names. */
export const roomRequest = ({ homeserver }: MatrixConfig, alias: string): Outgoing => ({
  method: 'GET',
  url: joinUrl(homeserver, `_matrix/client/v3/directory/room/${encodeURIComponent(alias)}`),
  headers: {},
});

export function matrixRequest(config: MatrixConfig, input: SendInput, roomId: string): Made {
  const render = new FieldRenderer(input);
  const html = config.html === '' ? null : render.html(config.html);
  const text = render.body(config.text, { max: UNLIMITED });
  const { firstEventId } = input.kept;
  const relation = typeof firstEventId === 'string' ? { 'm.relates_to': { 'm.in_reply_to': { event_id: firstEventId } } } : {};
  // A reply mentions nobody by itself.
  const plain = (body: string): object => ({ msgtype: config.messageType, body, 'm.mentions': {}, ...relation });
  // HTML cannot be cut anywhere: what is too long gives way to its text, and that is cut.
  const short = plain(fittingText(text, CONTENT_BYTES_MAX, plain));
  const isRich = html !== null && render.errors.length === 0;
  const rich = { ...plain(text), format: 'org.matrix.custom.html', formatted_body: html };
  const content = firstThatFits(isRich ? [rich, short] : [short], CONTENT_BYTES_MAX);
  const url = joinUrl(
    config.homeserver,
    `_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${encodeURIComponent(input.id)}`,
  );
  return made(jsonRequest(url, content, { method: 'PUT' }), render);
}
