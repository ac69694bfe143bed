/** From a notification to a message in a Webex room (alertmanager notify/webex/webex.go). */
import { truncateBytes } from '../../template/truncate.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, orLeftOut } from '../outgoing.ts';
import type { WebexConfig } from './config.ts';

const MESSAGE_BYTES_MAX = 7439;

export function webexRequest(config: WebexConfig, input: SendInput): Made {
  const render = new FieldRenderer(input);
  const roomId = orLeftOut(render.text(config.roomId));
  const markdown = render.body(config.message, { max: MESSAGE_BYTES_MAX, truncate: truncateBytes });
  return made(jsonRequest(config.apiUrl, { markdown, roomId }), render);
}
