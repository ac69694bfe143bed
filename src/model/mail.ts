/** Outgoing mail. A send never throws; 'unknown' means that the server may have taken the message. */
import type { TlsClientConfig } from './http.ts';
import type { Secret } from './secret.ts';
import type { DurationMs, UnixMs } from './time.ts';

export type SmtpServer = {
  readonly host: string;
  readonly port: number;
  /** 'implicit': TLS from the first byte. 'required': STARTTLS or nothing. 'never': plain text. */
  readonly security: 'implicit' | 'required' | 'never';
  readonly hello: string;
  readonly tls: TlsClientConfig;
  readonly auth: { readonly username: string; readonly password: Secret; readonly secret: Secret; readonly identity: string } | null;
  readonly timeoutMs: DurationMs;
};

export type MailMessage = {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** Left out when empty. */
  readonly text: string;
  readonly html: string;
  readonly date: UnixMs;
  readonly messageId: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
};

export type MailResult =
  | { readonly kind: 'accepted'; readonly response: string }
  | {
      readonly kind: 'rejected';
      readonly retry: boolean;
      readonly cause: 'address' | 'auth' | 'tls' | 'connect' | 'content' | 'server';
      readonly message: string;
    }
  | { readonly kind: 'unknown'; readonly message: string };

export interface MailTransport {
  send(server: SmtpServer, message: MailMessage): Promise<MailResult>;
}
