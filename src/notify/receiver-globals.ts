/** What of alertmanager.yml's `global` the integrations fall back to. */
import type { Fields } from '../config/decode.ts';
import { httpConfig } from '../config/http-config.ts';
import { type HttpClientConfig, PLAIN_HTTP } from '../model/http.ts';
import { type SmtpGlobals, smtpGlobals } from './email/config.ts';
import { type JiraGlobals, jiraGlobals } from './jira/config.ts';
import { type MattermostGlobals, mattermostGlobals } from './mattermost/config.ts';
import { type OpsgenieGlobals, opsgenieGlobals } from './opsgenie/config.ts';
import { type PagerdutyGlobals, pagerdutyGlobals } from './pagerduty/config.ts';
import { type RocketchatGlobals, rocketchatGlobals } from './rocketchat/config.ts';
import { type SlackGlobals, slackGlobals } from './slack/config.ts';
import { type TelegramGlobals, telegramGlobals } from './telegram/config.ts';
import { type TwilioGlobals, twilioGlobals } from './twilio/config.ts';
import { type VictoropsGlobals, victoropsGlobals } from './victorops/config.ts';
import { type WebexGlobals, webexGlobals } from './webex/config.ts';
import { type WechatGlobals, wechatGlobals } from './wechat/config.ts';

export type ReceiverGlobals = {
  readonly http: HttpClientConfig;
  readonly smtp: SmtpGlobals;
  readonly jira: JiraGlobals;
  readonly mattermost: MattermostGlobals;
  readonly opsgenie: OpsgenieGlobals;
  readonly pagerduty: PagerdutyGlobals;
  readonly rocketchat: RocketchatGlobals;
  readonly slack: SlackGlobals;
  readonly telegram: TelegramGlobals;
  readonly twilio: TwilioGlobals;
  readonly victorops: VictoropsGlobals;
  readonly webex: WebexGlobals;
  readonly wechat: WechatGlobals;
};

export const receiverGlobals = (fields: Fields): ReceiverGlobals => ({
  http: fields.optional('http_config', httpConfig) ?? PLAIN_HTTP,
  smtp: smtpGlobals(fields),
  jira: jiraGlobals(fields),
  mattermost: mattermostGlobals(fields),
  opsgenie: opsgenieGlobals(fields),
  pagerduty: pagerdutyGlobals(fields),
  rocketchat: rocketchatGlobals(fields),
  slack: slackGlobals(fields),
  telegram: telegramGlobals(fields),
  twilio: twilioGlobals(fields),
  victorops: victoropsGlobals(fields),
  webex: webexGlobals(fields),
  wechat: wechatGlobals(fields),
});
