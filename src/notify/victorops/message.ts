/** From a notification to an event of VictorOps' REST endpoint (alertmanager notify/victorops/victorops.go). */
import { escapePath } from '../../lib/go-url-escape.ts';
import { dedupKey } from '../dedup-key.ts';
import { FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made } from '../outgoing.ts';
import { extendUrl } from '../url-field.ts';
import type { VictoropsConfig } from './config.ts';

const STATE_MESSAGE_RUNES_MAX = 20_480;
const EVENTS = ['INFO', 'WARNING', 'CRITICAL'];

export function victoropsRequest(config: VictoropsConfig, input: SendInput, apiKey: string): Made {
  const render = new FieldRenderer(input);
  const routingKey = render.text(config.routingKey);
  // Without a routing key VictorOps takes the event for its default team.
  const path = `${apiKey}/${routingKey}`;
  const messageType = render.text(config.messageType);
  const event = {
    message_type: input.data.status === 'resolved' ? 'RECOVERY' : EVENTS.includes(messageType) ? messageType : 'CRITICAL',
    entity_id: dedupKey(input.groupKey),
    entity_display_name: render.text(config.entityDisplayName, render.plain.subject),
    monitoring_tool: render.text(config.monitoringTool),
    ...Object.fromEntries(Object.entries(config.customFields).map(([name, template]) => [name, render.text(template)])),
  };
  const stateMessage = render.body(config.stateMessage, { max: STATE_MESSAGE_RUNES_MAX });
  return made(jsonRequest(extendUrl(config.apiUrl, escapePath(path)), { ...event, state_message: stateMessage }), render);
}
