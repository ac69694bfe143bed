/** From a notification to the requests of Opsgenie's Alert API, to be made in order (alertmanager notify/opsgenie/opsgenie.go). */
import { truncateRunes } from '../../template/truncate.ts';
import { dedupKey } from '../dedup-key.ts';
import { emptySecret, FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, type Outgoing, orLeftOut } from '../outgoing.ts';
import { extendUrl } from '../url-field.ts';
import type { OpsgenieConfig, OpsgenieResponder } from './config.ts';

const MESSAGE_RUNES_MAX = 130;
const DESCRIPTION_RUNES_MAX = 15_000;

/** `apiKey` is a template. */
export function opsgenieRequests(config: OpsgenieConfig, input: SendInput, apiKey: string): Made<readonly Outgoing[]> {
  const render = new FieldRenderer(input);
  const key = render.text(apiKey).trim();
  if (key === '') return { kind: 'refused', why: emptySecret('api_key', render) };
  const headers = { Authorization: `GenieKey ${key}` };
  const alias = dedupKey(input.groupKey);
  const ofAlias = (action: string): string =>
    withParameter(extendUrl(config.apiUrl, `v2/alerts/${alias}/${action}`), 'identifierType=alias');
  if (input.data.status === 'resolved')
    return made([jsonRequest(ofAlias('close'), { source: render.text(config.source) }, { headers })], render);

  const source = render.text(config.source);
  const message = truncateRunes(render.text(config.message, render.plain.subject), MESSAGE_RUNES_MAX).text;
  const alert = {
    alias,
    message,
    details: detailsOf(config, input, render),
    source,
    responders: orNone(config.responders.flatMap((responder) => respondersOf(responder, render))),
    tags: orNone(splitAtCommas(render.text(config.tags))),
    note: orLeftOut(render.text(config.note)),
    priority: orLeftOut(render.text(config.priority)),
    entity: orLeftOut(render.text(config.entity)),
    actions: orNone(splitAtCommas(render.text(config.actions))),
  };
  const description = orLeftOut(render.body(config.description, { max: DESCRIPTION_RUNES_MAX }));
  const requests = [jsonRequest(extendUrl(config.apiUrl, 'v2/alerts'), { ...alert, description }, { headers })];
  if (config.updateAlerts) {
    requests.push(jsonRequest(ofAlias('message'), { message: orLeftOut(message) }, { method: 'PUT', headers }));
    requests.push(jsonRequest(ofAlias('description'), { description }, { method: 'PUT', headers }));
  }
  return made(requests, render);
}

function detailsOf(config: OpsgenieConfig, { data }: SendInput, render: FieldRenderer): Readonly<Record<string, string>> {
  const own = Object.entries(config.details).map(([name, template]): [string, string] => [name, render.text(template)]);
  return Object.fromEntries([...data.commonLabels, ...own]);
}

/** One that templates left empty is none; `teams` names several teams with commas between. */
function respondersOf(config: OpsgenieResponder, render: FieldRenderer): readonly object[] {
  const id = render.text(config.id);
  const name = render.text(config.name);
  const username = render.text(config.username);
  const type = render.text(config.type);
  if (id === '' && name === '' && username === '' && type === '') return [];
  if (type === 'teams') return splitAtCommas(name).map((team) => ({ name: team, type: 'team' }));
  return [{ id: orLeftOut(id), name: orLeftOut(name), username: orLeftOut(username), type }];
}

/** The text is trimmed as a whole, its parts are not; empty ones are dropped. */
const splitAtCommas = (text: string): readonly string[] =>
  text
    .trim()
    .split(',')
    .filter((part) => part !== '');

const orNone = <T>(items: readonly T[]): readonly T[] | undefined => (items.length === 0 ? undefined : items);
const withParameter = (url: string, parameter: string): string => `${url}${url.includes('?') ? '&' : '?'}${parameter}`;
