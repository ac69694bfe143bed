/**
 * The fields of an outgoing HTTP client (prometheus/common config.HTTPClientConfig): inline in scrape_configs, remote_write
 * and most discoveries, a section of its own (`http_config`) in Alertmanager's receivers. The rules and their wording are
 * those of HTTPClientConfig.Validate, for both.
 */
import {
  type HttpAuth,
  type HttpClientConfig,
  type HttpHeaderConfig,
  type HttpProxy,
  PLAIN_TLS,
  type TlsClientConfig,
} from '../model/http.ts';
import { Secret, type SecretSource } from '../model/secret.ts';
import { type Decoder, type Fields, list, object, rawNode, record, refine } from './decode.ts';
import { bool, enumeration, path, string, url } from './scalars.ts';
import { secret, secretSource } from './secret-fields.ts';

type HttpDefaults = { readonly enableHttp2: boolean };

/** Reads the client's fields from among a struct's own (Go's inline). */
export function httpClientFields(fields: Fields, defaults: HttpDefaults = { enableHttp2: true }): HttpClientConfig {
  return {
    auth: authFields(fields),
    tls: fields.get('tls_config', tlsConfig),
    proxy: proxyFields(fields),
    followRedirects: fields.get('follow_redirects', bool, true),
    enableHttp2: fields.get('enable_http2', bool, defaults.enableHttp2),
    headers: fields.get('http_headers', httpHeaders),
  };
}

/** A section of its own: `http_config:`. */
export const httpConfig: Decoder<HttpClientConfig> = object('config.plain', (fields) => httpClientFields(fields));

/** The names that `httpClientFields` asks for and that a user may have written. */
export const HTTP_CLIENT_FIELDS = [
  'basic_auth',
  'authorization',
  'oauth2',
  'bearer_token',
  'bearer_token_file',
  'bearer_token_env',
  'tls_config',
  'follow_redirects',
  'enable_http2',
  'proxy_url',
  'no_proxy',
  'proxy_from_environment',
  'proxy_connect_header',
  'http_headers',
] as const;

const NO_SECRET_MANAGER = 'there is no secret manager here; use the field ending in _file or _env';

function authFields(fields: Fields): HttpAuth {
  const basic = fields.optional('basic_auth', basicAuth);
  const authorization = fields.optional('authorization', authorizationConfig);
  const oauth2 = fields.optional('oauth2', oauth2Config);
  const bearer = secretSource(fields, 'bearer_token', { upstream: 'at most one of bearer_token & bearer_token_file must be configured' });
  const bearerFields = ['bearer_token', 'bearer_token_file', 'bearer_token_env'].filter((name) => fields.isSet(name)).slice(0, 1);
  const written = (...names: readonly string[]): string[] => names.filter((name) => fields.has(name));
  if (bearer !== null) {
    fields.exclude(
      [...written('basic_auth', 'oauth2').slice(0, 1), ...bearerFields],
      'at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured',
    );
    fields.exclude([...written('authorization'), ...bearerFields], 'authorization is not compatible with bearer_token & bearer_token_file');
  }
  fields.exclude(written('basic_auth', 'oauth2', 'authorization'), 'at most one of basic_auth, oauth2 & authorization must be configured');
  return (
    authorization ??
    basic ??
    oauth2 ??
    (bearer === null ? { kind: 'none' } : { kind: 'authorization', type: 'Bearer', credentials: bearer })
  );
}

const basicAuth = object('config.plain', (fields): HttpAuth => {
  const username = fields.get('username', string);
  const usernameFile = fields.get('username_file', path);
  fields.unsupported('username_ref', string, NO_SECRET_MANAGER);
  fields.unsupported('password_ref', string, NO_SECRET_MANAGER);
  fields.atMostOne(
    ['username', 'username_file', 'username_ref'],
    'at most one of basic_auth username, username_file & username_ref must be configured',
  );
  const upstream = 'at most one of basic_auth password, password_file & password_ref must be configured';
  const password = secretSource(fields, 'password', { upstream });
  if (fields.isSet('password_ref')) fields.atMostOne(['password', 'password_file', 'password_ref'], upstream);
  return { kind: 'basic', username, usernameFile: usernameFile === '' ? null : usernameFile, password };
});

const authorizationConfig = object('config.Authorization', (fields): HttpAuth => {
  const type = fields.get('type', string).trim();
  if (type.toLowerCase() === 'basic') {
    fields.problem('type', { code: 'bad_value', message: 'authorization type cannot be set to "basic", use "basic_auth" instead' });
  }
  fields.unsupported('credentials_ref', string, NO_SECRET_MANAGER);
  const credentials = secretSource(fields, 'credentials', {
    upstream: 'at most one of authorization credentials & credentials_file must be configured',
  });
  return { kind: 'authorization', type: type === '' ? 'Bearer' : type, credentials };
});

const oauth2Config = object('config.plain', (fields): HttpAuth => {
  const auth = {
    kind: 'oauth2',
    clientId: fields.required('client_id', string, 'oauth2 client_id must be configured'),
    clientSecret: secretSource(fields, 'client_secret', {
      upstream:
        'at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be configured using grant-type=client_credentials',
    }),
    tokenUrl: fields.required('token_url', string, 'oauth2 token_url must be configured'),
    scopes: fields.get('scopes', list(string)),
    endpointParams: fields.get('endpoint_params', record(string)),
    tls: fields.get('tls_config', tlsConfig),
  } as const;
  const jwt = 'only the grant type client_credentials is supported';
  fields.unsupported('client_secret_ref', string, NO_SECRET_MANAGER);
  fields.unsupported('grant_type', grantType, jwt);
  fields.unsupported('client_certificate_key_id', string, jwt);
  fields.unsupported('client_certificate_key', secret, jwt);
  fields.unsupported('client_certificate_key_file', path, jwt);
  fields.unsupported('client_certificate_key_ref', string, jwt);
  fields.unsupported('signature_algorithm', signatureAlgorithm, jwt);
  fields.unsupported('iss', string, jwt);
  fields.unsupported('audience', string, jwt);
  fields.unsupported('claims', rawNode, jwt);
  const proxy = 'the token is fetched through the proxy of the client itself';
  fields.unsupported('proxy_url', url({ isSecret: true }), proxy);
  fields.unsupported('no_proxy', string, proxy);
  fields.unsupported('proxy_from_environment', bool, proxy);
  fields.unsupported('proxy_connect_header', connectHeaders, proxy);
  return auth;
});

const grantType = enumeration(['client_credentials', 'urn:ietf:params:oauth:grant-type:jwt-bearer']);
const signatureAlgorithm = enumeration(['RS256', 'RS384', 'RS512'], {
  upstream: () => 'valid signature algorithms are RS256, RS384 and RS512',
});

const tlsVersion = enumeration(['TLS10', 'TLS11', 'TLS12', 'TLS13'], {
  goType: 'config.TLSVersion',
  upstream: (text) => `unknown TLS version: ${text}`,
});

export const tlsConfig: Decoder<TlsClientConfig> = {
  ...object('config.plain', (fields): TlsClientConfig => {
    for (const name of ['ca_ref', 'cert_ref', 'key_ref']) fields.unsupported(name, string, NO_SECRET_MANAGER);
    const config = {
      ca: pemFields(fields, 'ca'),
      cert: pemFields(fields, 'cert'),
      key: secretSource(fields, 'key', { upstream: 'at most one of key and key_file must be configured' }),
      serverName: fields.get('server_name', string),
      insecureSkipVerify: fields.get('insecure_skip_verify', bool),
      minVersion: fields.optional('min_version', tlsVersion),
      maxVersion: fields.optional('max_version', tlsVersion),
    };
    checkKeyPair(fields, config);
    return config;
  }),
  zero: () => PLAIN_TLS,
};

function pemFields(fields: Fields, name: string): TlsClientConfig['ca'] {
  const pem = fields.get(name, string);
  const file = fields.get(`${name}_file`, path);
  fields.atMostOne([name, `${name}_file`, `${name}_ref`], `at most one of ${name}, ${name}_file & ${name}_ref must be configured`);
  if (pem !== '') return { kind: 'inline', pem };
  return file === '' ? null : { kind: 'file', path: file };
}

function checkKeyPair(fields: Fields, { cert, key }: { readonly cert: TlsClientConfig['cert']; readonly key: SecretSource | null }): void {
  const has = { cert: cert !== null || fields.isSet('cert_ref'), key: key !== null || fields.isSet('key_ref') };
  if (has.cert && !has.key) {
    const message = 'exactly one of key or key_file must be configured when a client certificate is configured';
    fields.problem(fields.isSet('cert') ? 'cert' : 'cert_file', { code: 'missing_field', message });
  } else if (has.key && !has.cert) {
    const message = 'exactly one of cert or cert_file must be configured when a client key is configured';
    fields.problem(fields.isSet('key') ? 'key' : 'key_file', { code: 'missing_field', message });
  }
}

/** For the CONNECT request; the values are secrets. */
const connectHeaders: Decoder<Readonly<Record<string, readonly Secret[]>>> = record(list(secret));

function proxyFields(fields: Fields): HttpProxy {
  const text = fields.get('proxy_url', url({ goType: 'config.URL', isSecret: true }));
  const noProxy = fields.get('no_proxy', string);
  const fromEnvironment = fields.get('proxy_from_environment', bool);
  const headers = fields.get('proxy_connect_header', connectHeaders);
  if (Object.keys(headers).length > 0 && !fromEnvironment && text === '') {
    const message = 'if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured';
    fields.problem('proxy_connect_header', { code: 'missing_field', message });
  }
  if (fromEnvironment) {
    for (const name of ['proxy_url', 'no_proxy'].filter((name) => fields.isSet(name))) {
      fields.exclude(['proxy_from_environment', name], `if proxy_from_environment is configured, ${name} must not be configured`);
    }
    return { kind: 'environment' };
  }
  if (noProxy !== '' && !fields.has('proxy_url')) {
    fields.problem('no_proxy', { code: 'missing_field', message: 'if no_proxy is configured, proxy_url must also be configured' });
  }
  return text === '' ? { kind: 'none' } : { kind: 'url', url: new Secret(text), noProxy, connectHeaders: headers };
}

/** Values of one header. */
export const httpHeader = object('config.Header', (fields) => ({
  values: [...fields.get('values', list(string)), ...fields.get('secrets', list(secret))],
  files: fields.get('files', list(path)),
}));

/** Headers that change the connection, are set by us, or have fields of their own. */
const RESERVED_HEADERS = new Set([
  'Authorization',
  'Host',
  'Content-Encoding',
  'Content-Length',
  'Content-Type',
  'User-Agent',
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Www-Authenticate',
  'Accept-Encoding',
  'X-Prometheus-Remote-Write-Version',
  'X-Prometheus-Remote-Read-Version',
  'X-Prometheus-Scrape-Timeout-Seconds',
  'X-Amz-Date',
  'X-Amz-Security-Token',
  'X-Amz-Content-Sha256',
]);

/** x-some-header to X-Some-Header, as Go's http.CanonicalHeaderKey. */
export const canonicalHeader = (name: string): string => name.toLowerCase().replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());

const headerName: Decoder<string> = refine(
  string,
  () => '',
  (name, fail) =>
    RESERVED_HEADERS.has(canonicalHeader(name))
      ? fail({ code: 'bad_value', message: `setting header "${canonicalHeader(name)}" is not allowed` })
      : name,
);

const httpHeaders: Decoder<readonly HttpHeaderConfig[]> = refine(
  record(httpHeader, headerName),
  () => [],
  (headers) => Object.entries(headers).map(([name, { values, files }]) => ({ name, values, files })),
);
