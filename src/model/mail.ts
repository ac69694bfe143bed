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
  /** The password is for PLAIN and LOGIN, the secret for CRAM-MD5; an empty one is none. */
  readonly auth: { readonly username: string; readonly password: Secret; readonly secret: Secret; readonly identity: string } | null;
  /** For all of it, from looking up the name to the last answer. */
  readonly timeoutMs: DurationMs;
};

export type MailMessage = {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** Left out when empty. */
  readonly text: string;
  readonly html: string;
  /** What the HTML shows by `cid:`; goes with it as multipart/related. */
  readonly images: readonly InlineImage[];
  readonly date: UnixMs;
  readonly messageId: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
};

/** A PNG. */
export type InlineImage = { readonly contentId: string; readonly filename: string; readonly bytes: Uint8Array };

export type MailResult =
  /** By the server, for all recipients but the refused ones. */
  | { readonly kind: 'accepted'; readonly response: string; readonly refused: readonly RefusedRecipient[] }
  | {
      readonly kind: 'rejected';
      readonly retry: boolean;
      /** Where in the dialogue. `tls`: no safe connection; `certificate`: one that shows nobody whom we trust. */
      readonly cause: 'connect' | 'tls' | 'certificate' | 'auth' | 'sender' | 'recipient' | 'content' | 'server';
      /** What the server said, or what happened to the connection. */
      readonly message: string;
    }
  /** The server takes no message as large as this one; null where it does not say how large it may be. */
  | { readonly kind: 'too_big'; readonly bytesMax: number | null; readonly message: string }
  | { readonly kind: 'unknown'; readonly message: string };

export type RefusedRecipient = { readonly address: string; readonly retry: boolean; readonly message: string };

export interface MailTransport {
  send(server: SmtpServer, message: MailMessage): Promise<MailResult>;
}
