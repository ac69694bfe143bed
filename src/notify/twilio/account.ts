/** The account as one request needs it: secrets are read each time, so that a rotated one is seen. */
import type { Secret, SecretSource } from '../../model/secret.ts';
import type { TelephonyAccount } from '../../model/telephony.ts';
import { durationMs } from '../../model/time.ts';
import type { TwilioConfig } from './config.ts';

const TIMEOUT_MS = 10_000;

export type SecretPort = { readonly readSecret: (source: SecretSource) => Secret | { readonly error: string } };

export function accountOf(config: TwilioConfig, { readSecret }: SecretPort): TelephonyAccount | { readonly error: string } {
  const { accountSid, authToken, apiKey, region, edge, apiUrl } = config;
  const source = apiKey?.secret ?? authToken;
  if (source === null) return { error: 'there is no auth_token and no API key' };
  const password = readSecret(source);
  if ('error' in password) return { error: `cannot read ${apiKey === null ? 'auth_token' : 'api_key_secret'}: ${password.error}` };
  return { accountSid, username: apiKey?.sid ?? accountSid, password, region, edge, apiUrl, timeoutMs: durationMs(TIMEOUT_MS) };
}

/** The tokens that may have signed what Twilio calls back; those that cannot be read now are left out. */
export const signingTokens = ({ authToken, secondaryAuthToken }: TwilioConfig, { readSecret }: SecretPort): readonly string[] =>
  [authToken, secondaryAuthToken].flatMap((source) => {
    const secret = source === null ? null : readSecret(source);
    const text = secret === null || 'error' in secret ? '' : secret.reveal().trim();
    return text === '' ? [] : [text];
  });
