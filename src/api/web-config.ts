/**
 * The file of --web.config.file: TLS, headers, a rate limit and users, as Prometheus and all its exporters read it
 * (exporter-toolkit/web/tls_config.go, handler.go). Reads the text only; what it points to is web-config-file.ts's.
 */
import { type Decoder, type Fields, list, object, record } from '../config/decode.ts';
import type { DiagnosticSink } from '../config/diagnostic-sink.ts';
import { bool, enumeration, goDuration, int, path, scalar, string } from '../config/scalars.ts';
import { secret } from '../config/secret-fields.ts';
import type { YamlNode } from '../config/yaml-document.ts';
import { goQuote } from '../lib/go-quote.ts';
import type { Secret } from '../model/secret.ts';
import type { ServerTls } from '../model/server-tls.ts';
import type { RateLimitConfig } from './rate-limit.ts';

/** A text in the configuration, or the file that holds it. */
export type PemSource = { readonly kind: 'inline'; readonly pem: string } | { readonly kind: 'file'; readonly path: string };

export type WebTlsConfig = {
  readonly cert: PemSource;
  readonly key: PemSource;
  readonly clientCa: PemSource | null;
  readonly settings: Omit<ServerTls, 'cert' | 'key' | 'clientCa'>;
};

export type WebConfig = {
  readonly tls: WebTlsConfig | null;
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** bcrypt hashes by user; empty: nobody is asked. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit: RateLimitConfig | null;
};

export const webConfig: Decoder<WebConfig> = object('web.Config', (fields): WebConfig => {
  const { headers } = fields.get('http_server_config', httpSection);
  const users = new Map(Object.entries(fields.get('basic_auth_users', record(passwordHash))));
  return { tls: fields.get('tls_server_config', tlsSection), headers, users, rateLimit: fields.get('rate_limit', rateSection) };
});

/** An empty file configures nothing. */
export const NO_WEB_CONFIG: WebConfig = { tls: null, headers: [], users: new Map(), rateLimit: null };

const CLIENT_AUTH: Readonly<Record<string, ServerTls['clientCertificate']>> = {
  '': 'none',
  NoClientCert: 'none',
  RequestClientCert: 'request',
  RequireAnyClientCert: 'require_any',
  RequireClientCert: 'require_any',
  VerifyClientCertIfGiven: 'verify_if_given',
  RequireAndVerifyClientCert: 'require_and_verify',
};

const tlsVersion = enumeration(['TLS10', 'TLS11', 'TLS12', 'TLS13'], {
  goType: 'web.TLSVersion',
  upstream: (text) => `unknown TLS version: ${text}`,
});

/** The names of Go's crypto/tls with OpenSSL's; those of TLS 1.3 are the same, and Go has them on whatever is asked for. */
const TLS13_SUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const SUITES: ReadonlyMap<string, string> = new Map([
  ...TLS13_SUITES.map((name): [string, string] => [name, name]),
  ['TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ECDHE-ECDSA-AES128-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ECDHE-ECDSA-AES256-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ECDHE-RSA-AES128-SHA'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
]);
const CURVES: ReadonlyMap<string, string> = new Map([
  ['CurveP256', 'P-256'],
  ['CurveP384', 'P-384'],
  ['CurveP521', 'P-521'],
  ['X25519', 'X25519'],
]);

/** A name of Go's as OpenSSL's. */
const translated = (what: 'cipher' | 'curve', names: ReadonlyMap<string, string>): Decoder<string> =>
  scalar({
    goType: what === 'cipher' ? 'web.Cipher' : 'web.Curve',
    expects: `the name of a ${what}`,
    zero: '',
    parse: (text, fail) =>
      names.get(text) ??
      fail({
        code: 'bad_value',
        message: `unknown ${what}: ${goQuote(text)}`,
        hint: `there are ${[...names.keys()].join(', ')}`,
        upstream: `unknown ${what}: ${text}`,
      }),
  });

/** Null where nothing asks for TLS. */
const tlsSection: Decoder<WebTlsConfig | null> = {
  ...object('web.TLSConfig', (fields): WebTlsConfig | null => {
    const cert = pem(fields, 'cert', string, (text) => text);
    const key = pem(fields, 'key', secret, (text: Secret) => text.reveal());
    const clientCa = pem(fields, 'client_ca', string, (text) => text);
    const clientCertificate = fields.get('client_auth_type', clientAuthType, 'none');
    const sans = fields.optional('client_allowed_sans', list(string));
    const ciphers = fields.get('cipher_suites', list(translated('cipher', SUITES)));
    const curves = fields.get('curve_preferences', list(translated('curve', CURVES)));
    const minVersion = fields.get('min_version', tlsVersion, 'TLS12');
    const maxVersion = fields.get('max_version', tlsVersion, 'TLS13');
    fields.get('prefer_server_cipher_suites', bool, true); // without effect in Go too
    if (cert === null && key === null && clientCa === null && !fields.isSet('client_auth_type')) return null;
    const place = fields.isSet('cert_file') || fields.isSet('cert') ? 'key_file' : 'cert_file';
    if (cert === null) fields.problem(place, { code: 'missing_field', message: 'missing one of cert or cert_file' });
    else if (key === null) fields.problem(place, { code: 'missing_field', message: 'missing one of key or key_file' });
    if (clientCa !== null && clientCertificate === 'none') {
      fields.problem(fields.isSet('client_ca_file') ? 'client_ca_file' : 'client_ca', {
        code: 'conflict',
        message: "client CA's have been configured without a Client Auth Policy",
        hint: 'add client_auth_type: RequireAndVerifyClientCert',
      });
    }
    if (cert === null || key === null) return null;
    const allCiphers = ciphers.length === 0 ? [] : [...new Set([...TLS13_SUITES, ...ciphers])];
    return {
      cert,
      key,
      clientCa,
      settings: { clientCertificate, clientAllowedSans: sans, minVersion, maxVersion, ciphers: allCiphers, curves },
    };
  }),
  zero: () => null,
};

/** Of both the file counts, as in the reference. */
function pem<T>(fields: Fields, name: string, decoder: Decoder<T>, textOf: (value: T) => string): PemSource | null {
  const text = textOf(fields.get(name, decoder));
  const file = fields.get(`${name}_file`, path);
  if (file !== '') return { kind: 'file', path: file };
  return text === '' ? null : { kind: 'inline', pem: text };
}

const clientAuthType: Decoder<ServerTls['clientCertificate']> = scalar({
  goType: 'string',
  expects: 'a policy for client certificates',
  zero: 'none',
  parse: (text, fail) =>
    CLIENT_AUTH[text] ??
    fail({
      code: 'bad_value',
      message: `invalid ClientAuth: ${text}`,
      hint: `there are ${Object.keys(CLIENT_AUTH)
        .filter((name) => name !== '')
        .join(', ')}`,
    }),
});

/** The headers that may be set; null: to anything. */
const HEADERS: ReadonlyMap<string, readonly string[] | null> = new Map([
  ['Strict-Transport-Security', null],
  ['X-Content-Type-Options', ['nosniff']],
  ['X-Frame-Options', ['deny', 'sameorigin']],
  ['X-XSS-Protection', null],
  ['Content-Security-Policy', null],
]);

const httpSection = object('web.HTTPConfig', (fields) => {
  fields.unsupported('http2', bool, 'connections speak HTTP/1.1');
  const written = fields.get('headers', record(string, headerName));
  const headers = Object.entries(written).filter(([, value]) => value !== '');
  for (const [name, value] of headers) {
    const allowed = HEADERS.get(name) ?? null;
    if (allowed === null || allowed.includes(value)) continue;
    const choices = `[${allowed.map(goQuote).join(' ')}]`;
    fields.problem('headers', {
      code: 'bad_value',
      message: `invalid value for ${name}. Expected one of: ${choices}, but got: ${goQuote(value)}`,
    });
  }
  return { headers: headers.map(([name, value]) => [name.toLowerCase(), value] as const) };
});

const headerName: Decoder<string> = scalar({
  goType: 'string',
  expects: 'the name of a header',
  zero: '',
  parse: (text, fail) =>
    HEADERS.has(text)
      ? text
      : fail({
          code: 'bad_value',
          message: `HTTP header ${goQuote(text)} can not be configured`,
          hint: `there are ${[...HEADERS.keys()].join(', ')}`,
        }),
});

const rateSection: Decoder<RateLimitConfig | null> = {
  ...object('web.RateLimiterConfig', (fields): RateLimitConfig | null => {
    const burst = fields.get('burst', int);
    const intervalMs = fields.get('interval', goDuration);
    return intervalMs <= 0 ? null : { intervalMs, burst };
  }),
  zero: () => null,
};

/** Checked as golang.org/x/crypto/bcrypt does, in its words. */
const passwordHash: Decoder<string> = {
  goType: 'config.Secret',
  expects: 'a bcrypt hash',
  zero: () => '',
  read: (node: YamlNode, sink: DiagnosticSink) => {
    const text = secret.read(node, sink);
    if (typeof text === 'symbol') return text;
    const hash = text.reveal();
    const error = hashError(hash);
    if (error !== null) {
      const hint = 'make the hash with: htpasswd -nBC 10 ""';
      sink.at(node, { code: 'bad_value', message: error, hint });
    }
    return hash;
  },
};

function hashError(hash: string): string | null {
  if (hash.length < 59) return 'crypto/bcrypt: hashedSecret too short to be a bcrypted password';
  if (!hash.startsWith('$')) return `crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with '${hash.charAt(0)}'`;
  const [, version = '', cost = ''] = hash.split('$');
  if (version.charAt(0) > '2') {
    return `crypto/bcrypt: bcrypt algorithm version '${version.charAt(0)}' requested is newer than current version '2'`;
  }
  if (!/^2[aby]?$/.test(version) || !/^\d\d$/.test(cost)) return 'this is not a bcrypt hash';
  const rounds = Number(cost);
  return rounds < 4 || rounds > 31 ? `crypto/bcrypt: cost ${rounds} is outside allowed inclusive range 4..31` : null;
}
