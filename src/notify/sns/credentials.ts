/**
 * Whose name SNS calls are signed in, as Amazon's SDKs look for it: the configuration, the environment, a web identity
 * (EKS), the shared credentials file, the container (ECS, EKS), the machine (EC2); then the role to assume, if one is
 * configured. Temporary credentials are kept until shortly before they end. Left out: SSO, and profiles that refer to
 * other profiles.
 */
import type { Sigv4Config } from '../../config/sigv4-config.ts';
import { type AwsCredentials, signAws } from '../../lib/sigv4.ts';
import { type HttpClient, PLAIN_HTTP } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import type { UnixMs } from '../../model/time.ts';
import { Attempt, type HttpPorts } from '../http-integration.ts';
import { jsonObject, outcomeOfHttp } from '../http-outcome.ts';
import type { SendInput, SendOutcome } from '../integration.ts';
import type { Outgoing } from '../outgoing.ts';
import { awsUrl, formRequest } from './message.ts';

type Temporary = AwsCredentials & { /** Null: for ever. */ readonly until: UnixMs | null };
type Found = Temporary | { readonly error: SendOutcome };

/** Before their end credentials are fetched anew. */
const EARLY_MS = 300_000;
const METADATA = 'http://169.254.169.254';
const CONTAINER = 'http://169.254.170.2';

export class AwsCredentialSource {
  readonly #config: Sigv4Config;
  readonly #client: HttpClient;
  readonly #ports: HttpPorts;
  /** For the addresses within the machine, which no proxy and no other setting of the receiver must touch. */
  #local: HttpClient | null = null;
  #kept: Temporary | null = null;

  constructor(config: Sigv4Config, client: HttpClient, ports: HttpPorts) {
    this.#config = config;
    this.#client = client;
    this.#ports = ports;
  }

  get region(): string {
    return this.#config.region || this.#environment('AWS_REGION') || this.#environment('AWS_DEFAULT_REGION');
  }

  close(): void {
    this.#local?.close();
  }

  async credentials(input: SendInput): Promise<AwsCredentials | { readonly error: SendOutcome }> {
    const kept = this.#kept;
    if (kept !== null && (kept.until === null || input.now < kept.until - EARLY_MS)) return kept;
    const attempt = new Attempt(this.#client, this.#ports.clock, input);
    const own = await this.#own(attempt, input);
    const found = 'error' in own || this.#config.roleArn === '' ? own : await this.#assumed(own, attempt, input);
    // What the environment and files say is read anew each time.
    if (!('error' in found) && found.until !== null) this.#kept = found;
    return found;
  }

  async #own(attempt: Attempt, input: SendInput): Promise<Found> {
    const { accessKey, secretKey, profile } = this.#config;
    if (accessKey !== '') return { accessKey, secretKey: secretKey.reveal(), sessionToken: '', until: null };
    if (profile === '') {
      const fromEnvironment = this.#fromEnvironment();
      if (fromEnvironment !== null) return fromEnvironment;
      const tokenFile = this.#environment('AWS_WEB_IDENTITY_TOKEN_FILE');
      if (tokenFile !== '') return this.#webIdentity(tokenFile, attempt);
    }
    const fromFile = this.#fromFile(profile || this.#environment('AWS_PROFILE') || 'default');
    if (fromFile !== null) return fromFile;
    if (profile !== '') return failed(`there are no credentials for the profile "${profile}"`);
    this.#local ??= this.#ports.http.open({ ...PLAIN_HTTP, followRedirects: false });
    const local = new Attempt(this.#local, this.#ports.clock, input, LOCAL_MS);
    return this.#isContainer() ? this.#fromContainer(local) : this.#fromMachine(local);
  }

  #environment(name: string): string {
    return this.#read({ kind: 'env', name }) ?? '';
  }

  #read(source: SecretSource): string | null {
    const secret = this.#ports.readSecret(source);
    return 'error' in secret ? null : secret.reveal().trim();
  }

  #fromEnvironment(): Temporary | null {
    const accessKey = this.#environment('AWS_ACCESS_KEY_ID');
    const secretKey = this.#environment('AWS_SECRET_ACCESS_KEY');
    if (accessKey === '' || secretKey === '') return null;
    return { accessKey, secretKey, sessionToken: this.#environment('AWS_SESSION_TOKEN'), until: null };
  }

  #fromFile(profile: string): Temporary | null {
    const path = this.#environment('AWS_SHARED_CREDENTIALS_FILE') || `${this.#environment('HOME')}/.aws/credentials`;
    const text = this.#read({ kind: 'file', path });
    const values = text === null ? {} : profileValues(text, profile);
    const { aws_access_key_id: accessKey, aws_secret_access_key: secretKey, aws_session_token: sessionToken = '' } = values;
    return accessKey === undefined || secretKey === undefined ? null : { accessKey, secretKey, sessionToken, until: null };
  }

  /** The role of a pod, which shows a token for it. */
  async #webIdentity(tokenFile: string, attempt: Attempt): Promise<Found> {
    const token = this.#read({ kind: 'file', path: tokenFile });
    if (token === null) return failed(`cannot read AWS_WEB_IDENTITY_TOKEN_FILE: ${tokenFile}`);
    const request = formRequest(this.#stsUrl(), [
      ['Action', 'AssumeRoleWithWebIdentity'],
      ['Version', STS_VERSION],
      ['RoleArn', this.#environment('AWS_ROLE_ARN')],
      ['RoleSessionName', this.#environment('AWS_ROLE_SESSION_NAME') || SESSION_NAME],
      ['WebIdentityToken', token],
    ]);
    return xmlCredentials(await textOf(attempt, request));
  }

  async #assumed(own: AwsCredentials, attempt: Attempt, { now }: SendInput): Promise<Found> {
    const request = formRequest(this.#stsUrl(), [
      ['Action', 'AssumeRole'],
      ['Version', STS_VERSION],
      ['RoleArn', this.#config.roleArn],
      ['RoleSessionName', SESSION_NAME],
      ['ExternalId', this.#config.externalId],
    ]);
    return xmlCredentials(await textOf(attempt, signed(request, own, { region: this.region, service: 'sts', now })));
  }

  #stsUrl(): string {
    return awsUrl(this.#config.useFipsStsEndpoint ? 'sts-fips' : 'sts', this.region);
  }

  #isContainer(): boolean {
    return (
      this.#environment('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI') !== '' || this.#environment('AWS_CONTAINER_CREDENTIALS_FULL_URI') !== ''
    );
  }

  async #fromContainer(attempt: Attempt): Promise<Found> {
    const relative = this.#environment('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
    const url = relative === '' ? this.#environment('AWS_CONTAINER_CREDENTIALS_FULL_URI') : CONTAINER + relative;
    const tokenFile = this.#environment('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE');
    const token =
      tokenFile === '' ? this.#environment('AWS_CONTAINER_AUTHORIZATION_TOKEN') : (this.#read({ kind: 'file', path: tokenFile }) ?? '');
    return jsonCredentials(await textOf(attempt, { method: 'GET', url, headers: token === '' ? {} : { Authorization: token } }));
  }

  /** The instance's role, by version 2 of the metadata service. */
  async #fromMachine(attempt: Attempt): Promise<Found> {
    const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '300' };
    const token = await textOf(attempt, { method: 'PUT', url: `${METADATA}/latest/api/token`, headers: ttl });
    if (typeof token !== 'string')
      return failed('there are no AWS credentials: none configured, none in the environment, none from the machine');
    const headers = { 'X-aws-ec2-metadata-token': token };
    const roles = `${METADATA}/latest/meta-data/iam/security-credentials/`;
    const role = await textOf(attempt, { method: 'GET', url: roles, headers });
    if (typeof role !== 'string') return role;
    return jsonCredentials(await textOf(attempt, { method: 'GET', url: roles + (role.split('\n', 1)[0] ?? ''), headers }));
  }
}

const STS_VERSION = '2011-06-15';
const SESSION_NAME = 'tocsin';
/** For the addresses within the machine, which answer at once or not at all. */
const LOCAL_MS = 2000;

const failed = (message: string): { readonly error: SendOutcome } => ({
  error: { kind: 'rejected', retry: true, reason: 'authError', message },
});

type CallScope = { readonly region: string; readonly service: string; readonly now: UnixMs };

export function signed(request: Outgoing, credentials: AwsCredentials, { region, service, now }: CallScope): Outgoing {
  const body = request.body ?? new Uint8Array();
  const headers = signAws({ ...request, body }, credentials, { region, service, unixMs: now });
  return { ...request, headers: { ...request.headers, ...headers } };
}

/** An answer's text. Nothing was told to anybody, so that a lost answer is no more than a refusal. */
async function textOf(attempt: Attempt, request: Outgoing): Promise<string | { readonly error: SendOutcome }> {
  const result = await attempt.request(request);
  const outcome = outcomeOfHttp(result, { explain: ({ text }) => xmlText(text, 'Message') });
  if (result.kind === 'failed' && outcome.kind !== 'rejected') return failed(result.message);
  return outcome.kind === 'accepted' && result.kind === 'response' ? new TextDecoder().decode(result.body) : { error: outcome };
}

/** The text of an element that has no elements in it. */
export function xmlText(xml: string, name: string): string | null {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  if (text === undefined) return null;
  return text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => ENTITIES[entity] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function xmlCredentials(answer: string | { readonly error: SendOutcome }): Found {
  if (typeof answer !== 'string') return answer;
  return credentialsOf({
    accessKey: xmlText(answer, 'AccessKeyId'),
    secretKey: xmlText(answer, 'SecretAccessKey'),
    sessionToken: xmlText(answer, 'SessionToken'),
    until: xmlText(answer, 'Expiration'),
  });
}

function jsonCredentials(answer: string | { readonly error: SendOutcome }): Found {
  if (typeof answer !== 'string') return answer;
  const value = jsonObject(answer) ?? {};
  const text = (name: string): string | null => (typeof value[name] === 'string' ? value[name] : null);
  return credentialsOf({
    accessKey: text('AccessKeyId'),
    secretKey: text('SecretAccessKey'),
    sessionToken: text('Token'),
    until: text('Expiration'),
  });
}

type Texts = {
  readonly accessKey: string | null;
  readonly secretKey: string | null;
  readonly sessionToken: string | null;
  readonly until: string | null;
};

function credentialsOf({ accessKey, secretKey, sessionToken, until }: Texts): Found {
  if (accessKey === null || secretKey === null) return failed('the answer holds no AWS credentials');
  const end = until === null ? Number.NaN : Date.parse(until);
  return { accessKey, secretKey, sessionToken: sessionToken ?? '', until: Number.isNaN(end) ? null : (end as UnixMs) };
}

/** What an INI file says below `[profile]`. */
function profileValues(text: string, profile: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  let isWanted = false;
  for (const line of text.split('\n')) {
    const section = /^\s*\[\s*(?:profile\s+)?([^\]]*?)\s*\]/.exec(line);
    if (section !== null) isWanted = section[1] === profile;
    const pair = /^\s*([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (isWanted && pair !== null) values[pair[1] ?? ''] = pair[2] ?? '';
  }
  return values;
}
