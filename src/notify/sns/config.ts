/** Reads `sns_configs`: Amazon's Simple Notification Service (alertmanager notify/sns/config.go). */
import { type Fields, record } from '../../config/decode.ts';
import { httpConfig } from '../../config/http-config.ts';
import { bool, string } from '../../config/scalars.ts';
import { type Sigv4Config, sigv4Config } from '../../config/sigv4-config.ts';
import type { HttpClientConfig } from '../../model/http.ts';

export type SnsConfig = {
  readonly kind: 'sns';
  readonly http: HttpClientConfig;
  readonly sigv4: Sigv4Config;
  /** A template, as all below; '': the region's own address. */
  readonly apiUrl: string;
  /** One of these is set, or all three. */
  readonly topicArn: string;
  readonly phoneNumber: string;
  readonly targetArn: string;
  readonly subject: string;
  readonly message: string;
  /** Names too are templates. */
  readonly attributes: Readonly<Record<string, string>>;
};

export function readSns(fields: Fields, globalHttp: HttpClientConfig): SnsConfig {
  fields.get('use_aws_http_client', bool); // chooses between two clients of Alertmanager's; there is one here
  const topicArn = fields.get('topic_arn', string);
  const phoneNumber = fields.get('phone_number', string);
  const targetArn = fields.get('target_arn', string);
  // As in Alertmanager, whose chain of exclusive ors lets all three through.
  const given = [topicArn, phoneNumber, targetArn].filter((target) => target !== '').length;
  if (given % 2 === 0)
    fields.problem('topic_arn', {
      code: given === 0 ? 'missing_field' : 'conflict',
      message: 'must provide either a Target ARN, Topic ARN, or Phone Number for SNS config',
      hint: 'set one of topic_arn, target_arn and phone_number',
    });
  return {
    kind: 'sns',
    http: fields.optional('http_config', httpConfig) ?? globalHttp,
    sigv4: fields.get('sigv4', sigv4Config),
    apiUrl: fields.get('api_url', string),
    topicArn,
    phoneNumber,
    targetArn,
    subject: fields.get('subject', string, '{{ template "sns.default.subject" . }}'),
    message: fields.get('message', string, '{{ template "sns.default.message" . }}'),
    attributes: fields.get('attributes', record(string)),
  };
}
