/**
 * What calls and texts need of Twilio: whose account, which number they come from, where the provider is asked and where
 * it calls back. Set once below `global`; a receiver may have an account or a number of its own.
 */
import type { Decoder, Fields } from '../../config/decode.ts';
import { scalar, string, url } from '../../config/scalars.ts';
import type { GoUrl } from '../../lib/go-url.ts';
import { isLoopback } from '../../lib/loopback.ts';
import type { SecretSource } from '../../model/secret.ts';
import { secretField } from '../secret-field.ts';
import { httpUrlProblem } from '../url-field.ts';
import { numberProblem } from './number.ts';

export type TwilioConfig = {
  readonly accountSid: string;
  /** Also signs what Twilio calls back; null: nothing that comes back can be trusted, calls and texts are one-way. */
  readonly authToken: SecretSource | null;
  /** While tokens are exchanged Twilio may sign with either. */
  readonly secondaryAuthToken: SecretSource | null;
  /** Logs in instead of the token. */
  readonly apiKey: { readonly sid: string; readonly secret: SecretSource } | null;
  readonly from: string;
  readonly region: string;
  readonly edge: string;
  /** '': Twilio's. */
  readonly apiUrl: string;
};

export type TwilioGlobals = TwilioConfig & {
  /** Where Twilio reaches this server, if not at its external URL, and readers where there is none; no slash at the end, '' where not given. */
  readonly callbackUrl: string;
};

export const twilioGlobals = (fields: Fields): TwilioGlobals => ({
  accountSid: fields.get('twilio_account_sid', accountSid),
  authToken: secretField(fields, 'twilio_auth_token'),
  secondaryAuthToken: secretField(fields, 'twilio_secondary_auth_token'),
  apiKey: readApiKey(fields, 'twilio_'),
  from: fields.get('twilio_from', string),
  region: fields.get('twilio_region', place),
  edge: fields.get('twilio_edge', place),
  apiUrl: fields.get('twilio_api_url', providerUrl).replace(/\/+$/, ''),
  callbackUrl: fields.get('twilio_callback_url', callbackUrl).replace(/\/+$/, ''),
});

/** Of one receiver. `from` is what the medium can come from besides a telephone number; null: nothing else. */
export function readTwilio(fields: Fields, globals: TwilioGlobals, otherSenders: RegExp | null): TwilioConfig {
  const ownAccount = fields.get('account_sid', accountSid);
  const authToken = secretField(fields, 'auth_token');
  const apiKey = readApiKey(fields, '');
  // Another account's secrets are of no use.
  const inherits = ownAccount === '' || ownAccount === globals.accountSid;
  const config: TwilioConfig = {
    accountSid: ownAccount || globals.accountSid,
    authToken: authToken ?? (inherits ? globals.authToken : null),
    secondaryAuthToken: secretField(fields, 'secondary_auth_token') ?? (inherits ? globals.secondaryAuthToken : null),
    apiKey: apiKey ?? (inherits && authToken === null ? globals.apiKey : null),
    from: fields.get('from', string) || globals.from,
    region: fields.get('region', place) || globals.region,
    edge: fields.get('edge', place) || globals.edge,
    apiUrl: fields.get('api_url', providerUrl).replace(/\/+$/, '') || globals.apiUrl,
  };
  if (config.accountSid === '')
    fields.problem('account_sid', {
      code: 'missing_field',
      message: 'no Twilio account',
      hint: 'set account_sid here or twilio_account_sid below global: it begins with AC',
    });
  if (config.authToken === null && config.apiKey === null)
    fields.problem('auth_token', {
      code: 'missing_field',
      message: `no secret to log in to Twilio${inherits ? '' : ' as the account that is given here'}`,
      hint: 'set auth_token, auth_token_file or auth_token_env here, or the same with twilio_ in front below global',
    });
  if (config.from === '')
    fields.problem('from', {
      code: 'missing_field',
      message: 'no number that this comes from',
      hint: 'set from here or twilio_from below global: a number that the account owns',
    });
  else if (otherSenders?.test(config.from) !== true) {
    const problem = numberProblem(config.from);
    if (problem !== null) fields.problem('from', { code: 'bad_value', ...problem });
  }
  return config;
}

/** The number that is called or texted; a template is looked at when it is rendered. */
export function readNumber(fields: Fields): string {
  const to = fields.get('to', string);
  const problem = to === '' ? { message: 'no number', hint: 'add to: "+4915112345678"' } : to.includes('{{') ? null : numberProblem(to);
  if (problem !== null) fields.problem('to', { code: to === '' ? 'missing_field' : 'bad_value', ...problem });
  return to;
}

function readApiKey(fields: Fields, prefix: string): TwilioConfig['apiKey'] {
  const sid = fields.get(`${prefix}api_key_sid`, apiKeySid);
  const secret = secretField(fields, `${prefix}api_key_secret`);
  if (sid !== '' && secret !== null) return { sid, secret };
  const missing = sid === '' ? `${prefix}api_key_sid` : `${prefix}api_key_secret`;
  if (sid !== '' || secret !== null)
    fields.problem(sid === '' ? `${prefix}api_key_secret` : `${prefix}api_key_sid`, {
      code: 'missing_field',
      message: `an API key needs ${missing} too`,
    });
  return null;
}

/** AC and 32 hexadecimal digits, and the like. */
const sid = (prefix: string, what: string): Decoder<string> =>
  scalar({
    goType: 'string',
    expects: what,
    zero: '',
    parse: (text, fail) =>
      text === '' || new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(text)
        ? text
        : fail({ code: 'bad_value', message: `"${text}" is not ${what}`, hint: `it is ${prefix} and 32 digits of 0-9 and a-f` }),
  });
const accountSid = sid('AC', 'the SID of an account');
const apiKeySid = sid('SK', 'the SID of an API key');

/** Becomes part of a host's name. */
const place: Decoder<string> = scalar({
  goType: 'string',
  expects: 'the name of a region or an edge',
  zero: '',
  parse: (text, fail) =>
    /^[a-z0-9-]*$/.test(text)
      ? text
      : fail({ code: 'bad_value', message: `"${text}" is not the name of a region or an edge`, hint: 'such as ie1 or dublin' }),
});

/** The password travels there: only under TLS, or within this machine. */
const providerUrl = url({
  check: (parsed) => {
    const problem = httpUrlProblem(parsed);
    if (problem !== null || parsed.scheme === 'https') return problem;
    return isLoopback(hostOf(parsed)) ? null : 'without TLS only an address of this machine can be used';
  },
});

const callbackUrl = url({
  check: (parsed) => httpUrlProblem(parsed) ?? (hostOf(parsed).includes('_') ? 'Twilio calls no host with _ in its name' : null),
});

const hostOf = ({ host }: GoUrl): string => host.replace(/:\d+$/, '');
