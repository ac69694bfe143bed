/** AWS Signature Version 4 (prometheus/sigv4 SigV4Config): remote write and Alertmanager's SNS receiver. */
import type { Secret } from '../model/secret.ts';
import { type Decoder, object } from './decode.ts';
import { bool, string } from './scalars.ts';
import { secret } from './secret-fields.ts';

export type Sigv4Config = {
  readonly region: string;
  /** Both empty: the machine's own credentials. */
  readonly accessKey: string;
  readonly secretKey: Secret;
  readonly profile: string;
  readonly roleArn: string;
  readonly externalId: string;
  readonly useFipsStsEndpoint: boolean;
};

export const sigv4Config: Decoder<Sigv4Config> = object('sigv4.plain', (fields) => {
  const config = {
    region: fields.get('region', string),
    accessKey: fields.get('access_key', string),
    secretKey: fields.get('secret_key', secret),
    profile: fields.get('profile', string),
    roleArn: fields.get('role_arn', string),
    externalId: fields.get('external_id', string),
    useFipsStsEndpoint: fields.get('use_fips_sts_endpoint', bool),
  };
  const missing = fields.isSet('access_key') ? 'secret_key' : 'access_key';
  if (fields.isSet('access_key') !== fields.isSet('secret_key')) {
    fields.problem(missing, {
      code: 'missing_field',
      message: `"${missing}" is missing`,
      upstream: 'must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config',
    });
  }
  return config;
});
