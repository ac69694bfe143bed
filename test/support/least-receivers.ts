/** Of every integration over HTTP: the least that it takes, and an answer that means success. */
import type { IntegrationName } from '../../src/notify/receivers.ts';

/** Those that go to a provider by HTTP, in requests of our own. */
export type HttpReceiver = Exclude<IntegrationName, 'email' | 'inbox' | 'phone' | 'sms'>;

type Least = { readonly yaml: string; readonly success: string };

/** `base` is put in front of all addresses. */
export const leastReceivers = (base = 'http://provider'): Readonly<Record<HttpReceiver, Least>> => ({
  discord: { yaml: `webhook_url: ${base}/hook`, success: '' },
  incidentio: { yaml: `url: ${base}/v2/alert_events\nalert_source_token: t`, success: '{"status":"success"}' },
  jira: { yaml: `api_url: ${base}/rest/api/2\nproject: P\nissue_type: Bug`, success: '{"issues":[]}' },
  matrix: { yaml: `homeserver: ${base}\nroom: "!r:s"\naccess_token: t`, success: '{"event_id":"$e"}' },
  mattermost: { yaml: `webhook_url: ${base}/hooks/x`, success: 'ok' },
  msteams: { yaml: `webhook_url: ${base}/hook`, success: '1' },
  msteamsv2: { yaml: `webhook_url: ${base}/hook`, success: '' },
  ntfy: { yaml: `url: ${base}\ntopic: t`, success: '{"id":"x","event":"message"}' },
  opsgenie: { yaml: `api_url: ${base}\napi_key: k`, success: '{"result":"Request will be processed","requestId":"r"}' },
  pagerduty: { yaml: `url: ${base}/v2/enqueue\nrouting_key: k`, success: '{"status":"success","message":"Event processed"}' },
  pushover: { yaml: 'user_key: u\ntoken: t', success: '{"status":1,"request":"r"}' },
  rocketchat: { yaml: `api_url: ${base}\ntoken: t\ntoken_id: i`, success: '{"success":true}' },
  slack: { yaml: `api_url: ${base}/services/x`, success: 'ok' },
  sns: {
    yaml: `api_url: ${base}\ntopic_arn: arn\nsigv4: {region: eu-west-1, access_key: a, secret_key: s}`,
    success: '<PublishResponse/>',
  },
  telegram: { yaml: `api_url: ${base}\nbot_token: t\nchat_id: 1`, success: '{"ok":true}' },
  victorops: { yaml: `api_url: ${base}/integrations/\napi_key: k\nrouting_key: r`, success: '{"result":"success"}' },
  webex: { yaml: `api_url: ${base}/v1/messages\nroom_id: r\nhttp_config: {authorization: {credentials: t}}`, success: '{"id":"m"}' },
  webhook: { yaml: `url: ${base}/hook`, success: '' },
  wechat: { yaml: `api_url: ${base}/cgi-bin/\napi_secret: s\ncorp_id: c`, success: '{"errcode":0,"access_token":"t"}' },
});

export const HTTP_RECEIVERS = Object.keys(leastReceivers()) as readonly HttpReceiver[];
