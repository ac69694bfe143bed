/** From a notification to the requests of Opsgenie's Alert API, to be made in order (alertmanager notify/opsgenie/opsgenie.go). */
import { runeCount } from '../../lib/runes.ts';
import { truncateRunes } from '../../template/truncate.ts';
import { dedupKey } from '../dedup-key.ts';
import { emptySecret, FieldRenderer } from '../field-renderer.ts';
import type { SendInput } from '../integration.ts';
import { jsonRequest, type Made, made, type Outgoing, orLeftOut } from '../outgoing.ts';
import { extendUrl } from '../url-field.ts';
import type { OpsgenieConfig, OpsgenieResponder } from './config.ts';

const MESSAGE_RUNES_MAX = 130;
const DESCRIPTION_RUNES_MAX = 15_000;
const NOTE_RUNES_MAX = 25_000;
const ENTITY_RUNES_MAX = 512;
const SOURCE_RUNES_MAX = 100;
const USER_RUNES_MAX = 100;
/** Of names and values together. */
const DETAILS_RUNES_MAX = 8000;
const RESPONDERS_MAX = 50;
const TAGS = { countMax: 20, runesMax: 50 };
const ACTIONS = { countMax: 10, runesMax: 50 };

/** `apiKey` is a template. */
export function opsgenieRequests(config: OpsgenieConfig, input: SendInput, apiKey: string): Made<readonly Outgoing[]> {
  const render = new FieldRenderer(input);
  const headers = credentials(render, apiKey);
  if ('why' in headers) return headers;
  const alias = dedupKey(input.groupKey);
  const ofAlias = (action: string): string => aliasUrl(config, input, `/${action}`);
  if (input.data.status === 'resolved')
    return made([jsonRequest(ofAlias('close'), { source: sourceOf(config, render) }, { headers })], render);

  const source = sourceOf(config, render);
  // Opsgenie refuses an alert without one.
  const message = truncateRunes(render.text(config.message, render.plain.subject) || render.plain.subject, MESSAGE_RUNES_MAX).text;
  const alert = {
    alias,
    message,
    details: detailsOf(config, input, render),
    source,
    responders: orNone(config.responders.flatMap((responder) => respondersOf(responder, render)).slice(0, RESPONDERS_MAX)),
    tags: orNone(within(splitAtCommas(render.text(config.tags)), TAGS)),
    note: orLeftOut(truncateRunes(render.text(config.note), NOTE_RUNES_MAX).text),
    priority: orLeftOut(render.text(config.priority)),
    entity: orLeftOut(truncateRunes(render.text(config.entity), ENTITY_RUNES_MAX).text),
    actions: orNone(within(splitAtCommas(render.text(config.actions)), ACTIONS)),
  };
  const description = orLeftOut(render.body(config.description, { max: DESCRIPTION_RUNES_MAX }));
  const requests = [jsonRequest(extendUrl(config.apiUrl, 'v2/alerts'), { ...alert, description }, { headers })];
  if (config.updateAlerts) {
    requests.push(jsonRequest(ofAlias('message'), { message }, { method: 'PUT', headers }));
    requests.push(jsonRequest(ofAlias('description'), { description }, { method: 'PUT', headers }));
  }
  return made(requests, render);
}

/** Tells that `by` looks after the group's alert. */
export function acknowledgeRequest(config: OpsgenieConfig, input: SendInput, apiKey: string, by: string): Made {
  const render = new FieldRenderer(input);
  const headers = credentials(render, apiKey);
  if ('why' in headers) return headers;
  const body = { user: orLeftOut(truncateRunes(by, USER_RUNES_MAX).text), source: sourceOf(config, render) };
  return made(jsonRequest(aliasUrl(config, input, '/acknowledge'), body, { headers }), render);
}

/** Asks how the group's alert stands. */
export function alertRequest(config: OpsgenieConfig, input: SendInput, apiKey: string): Made {
  const render = new FieldRenderer(input);
  const headers = credentials(render, apiKey);
  return 'why' in headers ? headers : made({ method: 'GET', url: aliasUrl(config, input, ''), headers }, render);
}

/** Asks what became of a request that was taken for later. */
export function statusRequest(config: OpsgenieConfig, input: SendInput, apiKey: string, requestId: string): Made {
  const render = new FieldRenderer(input);
  const headers = credentials(render, apiKey);
  if ('why' in headers) return headers;
  const url = extendUrl(config.apiUrl, `v2/alerts/requests/${encodeURIComponent(requestId)}`);
  return made({ method: 'GET', url, headers }, render);
}

type Refused = Extract<Made, { readonly kind: 'refused' }>;

function credentials(render: FieldRenderer, apiKey: string): { readonly Authorization: string } | Refused {
  const key = render.text(apiKey).trim();
  return key === '' ? { kind: 'refused', why: emptySecret('api_key', render) } : { Authorization: `GenieKey ${key}` };
}

const aliasUrl = ({ apiUrl }: OpsgenieConfig, { groupKey }: SendInput, action: string): string =>
  withParameter(extendUrl(apiUrl, `v2/alerts/${dedupKey(groupKey)}${action}`), 'identifierType=alias');

const sourceOf = ({ source }: OpsgenieConfig, render: FieldRenderer): string => truncateRunes(render.text(source), SOURCE_RUNES_MAX).text;

/** The common labels and the configured ones over them; where they are too long together, the longest are left out. */
function detailsOf(config: OpsgenieConfig, { data }: SendInput, render: FieldRenderer): Readonly<Record<string, string>> {
  const own = Object.entries(config.details).map(([name, template]): [string, string] => [name, render.text(template)]);
  const all = Object.entries(Object.fromEntries([...data.commonLabels, ...own]));
  const lengthOf = ([name, value]: readonly [string, string]): number => runeCount(name) + runeCount(value);
  const dropped = new Set<string>();
  let length = all.reduce((sum, pair) => sum + lengthOf(pair), 0);
  for (const pair of [...all].sort((a, b) => lengthOf(b) - lengthOf(a))) {
    if (length <= DETAILS_RUNES_MAX) break;
    dropped.add(pair[0]);
    length -= lengthOf(pair);
  }
  return Object.fromEntries(all.filter(([name]) => !dropped.has(name)));
}

const within = (texts: readonly string[], { countMax, runesMax }: { readonly countMax: number; readonly runesMax: number }) =>
  texts.slice(0, countMax).map((text) => truncateRunes(text, runesMax).text);

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
