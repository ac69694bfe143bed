/** Reads `email_configs` and what of `global` they fall back to (alertmanager config/notifiers.go EmailConfig). */
import { type Fields, object, record } from '../../config/decode.ts';
import { canonicalHeader, tlsConfig } from '../../config/http-config.ts';
import { bool, enumeration, string } from '../../config/scalars.ts';
import { goQuote } from '../../lib/go-quote.ts';
import { PLAIN_TLS, type TlsClientConfig } from '../../model/http.ts';
import type { SecretSource } from '../../model/secret.ts';
import { type HostPort, hostPort } from '../host-port.ts';
import { secretField } from '../secret-field.ts';

export type EmailConfig = {
  readonly kind: 'email';
  /** Template; addresses with commas between. */
  readonly to: string;
  readonly from: string;
  readonly hello: string;
  readonly smarthost: HostPort;
  readonly authUsername: string;
  readonly authPassword: SecretSource | null;
  readonly authSecret: SecretSource | null;
  readonly authIdentity: string;
  /** Canonical names, templates as values; Subject, To and From are always among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
  readonly text: string;
  readonly requireTls: boolean;
  readonly forceImplicitTls: boolean | null;
  readonly tls: TlsClientConfig;
  readonly threading: { readonly byDate: 'daily' | 'none' } | null;
  /** Ours: a chart of what raised the alerts. */
  readonly hasChart: boolean;
  /** Ours: links that acknowledge and silence, in the built-in mail. */
  readonly hasLinks: boolean;
};

export type SmtpGlobals = {
  readonly from: string;
  readonly hello: string;
  readonly smarthost: HostPort | null;
  readonly authUsername: string;
  readonly authPassword: SecretSource | null;
  readonly authSecret: SecretSource | null;
  readonly authIdentity: string;
  readonly requireTls: boolean;
  readonly forceImplicitTls: boolean | null;
  readonly tls: TlsClientConfig;
};

const HTML = '{{ template "email.default.html" . }}';
const SUBJECT = '{{ template "email.default.subject" . }}';

export const smtpGlobals = (fields: Fields): SmtpGlobals => ({
  from: fields.get('smtp_from', string),
  hello: fields.get('smtp_hello', string, 'localhost'),
  smarthost: fields.get('smtp_smarthost', hostPort),
  authUsername: fields.get('smtp_auth_username', string),
  authPassword: secretField(fields, 'smtp_auth_password'),
  authSecret: secretField(fields, 'smtp_auth_secret'),
  authIdentity: fields.get('smtp_auth_identity', string),
  requireTls: fields.get('smtp_require_tls', bool, true),
  forceImplicitTls: fields.optional('smtp_force_implicit_tls', bool),
  tls: fields.optional('smtp_tls_config', tlsConfig) ?? PLAIN_TLS,
});

const threading = object('config.ThreadingConfig', (fields) => ({
  enabled: fields.get('enabled', bool),
  byDate: fields.get('thread_by_date', byDate, 'daily' as const),
}));
const byDate = enumeration(['daily', 'none'], { upstream: () => "threading.thread_by_date must be either 'none' or 'daily'" });

export function readEmail(fields: Fields, globals: SmtpGlobals): EmailConfig {
  const to = fields.get('to', string);
  const from = fields.get('from', string) || globals.from;
  const smarthost = fields.get('smarthost', hostPort) ?? globals.smarthost;
  const password = secretField(fields, 'auth_password');
  const secret = secretField(fields, 'auth_secret');
  const headers = readHeaders(fields);
  const thread = fields.get('threading', threading);
  if (to === '') fields.problem('to', { code: 'missing_field', message: 'missing to address in email config', hint: 'add to: ADDRESS' });
  if (smarthost === null)
    fields.problem('smarthost', {
      code: 'missing_field',
      message: 'no global SMTP smarthost set',
      hint: 'set smarthost here or smtp_smarthost below global',
    });
  if (from === '')
    fields.problem('from', {
      code: 'missing_field',
      message: 'no global SMTP from set',
      hint: 'set from here or smtp_from below global',
    });
  if (thread.enabled)
    for (const name of ['References', 'In-Reply-To'])
      if (name in headers)
        fields.problem('headers', { code: 'conflict', message: `threading.enabled conflicts with custom ${name} header` });
  return {
    kind: 'email',
    to,
    from,
    hello: fields.get('hello', string) || globals.hello,
    smarthost: smarthost ?? { host: '', port: '' },
    authUsername: fields.get('auth_username', string) || globals.authUsername,
    // Each is inherited only where its own field is absent.
    authPassword: password ?? globals.authPassword,
    authSecret: secret ?? globals.authSecret,
    authIdentity: fields.get('auth_identity', string) || globals.authIdentity,
    headers: { Subject: SUBJECT, To: to, From: from, ...headers },
    html: fields.get('html', string, HTML),
    text: fields.get('text', string),
    requireTls: fields.optional('require_tls', bool) ?? globals.requireTls,
    forceImplicitTls: fields.optional('force_implicit_tls', bool) ?? globals.forceImplicitTls,
    tls: fields.optional('tls_config', tlsConfig) ?? globals.tls,
    threading: thread.enabled ? { byDate: thread.byDate } : null,
    hasChart: true,
    hasLinks: true,
  };
}

/** Below `tocsin:`. */
export const readOwnEmail = (fields: Fields): Pick<EmailConfig, 'hasChart' | 'hasLinks'> => ({
  hasChart: fields.get('chart', bool, true),
  hasLinks: fields.get('links', bool, true),
});

/** More may be put into what is built in; what a user wrote goes out word by word. */
export const hasBuiltInHtml = ({ html }: Pick<EmailConfig, 'html'>): boolean => html === HTML;

function readHeaders(fields: Fields): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(fields.get('headers', record(string)))) {
    const canonical = canonicalHeader(name);
    if (canonical in headers)
      fields.problem('headers', { code: 'duplicate', message: `duplicate header ${goQuote(canonical)} in email config` });
    headers[canonical] = value;
  }
  return headers;
}
