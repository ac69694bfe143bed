/**
 * From a notification to a message event of Matrix (Client-Server API, "Sending events to a room"). The transaction id is
 * the notification's: a repeated attempt is answered with the event that the first one made. Later notifications of a group
 * reply to its first message; an edit would tell nobody that something has ended.
 */
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { firstThatFits, jsonRequest, type Made, made, type Outgoing } from '../outgoing.ts';
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
  const { firstEventId } = input.kept;
  const relation = typeof firstEventId === 'string' ? { 'm.relates_to': { 'm.in_reply_to': { event_id: firstEventId } } } : {};
  // A reply mentions nobody by itself.
  const plain = (body: string): object => ({ msgtype: config.messageType, body, 'm.mentions': {}, ...relation });
  const content = plain(render.fittingBody(config.text, CONTENT_BYTES_MAX, plain));
  // HTML cannot be cut anywhere: what is too long goes without.
  const rich = { ...content, format: 'org.matrix.custom.html', formatted_body: html };
  const isRich = html !== null && render.errors.length === 0;
  const event = isRich ? firstThatFits([rich, content], CONTENT_BYTES_MAX) : content;
  const url = joinUrl(
    config.homeserver,
    `_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${encodeURIComponent(input.id)}`,
  );
  return made(jsonRequest(url, event, { method: 'PUT' }), render);
}
