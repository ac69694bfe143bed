/**
 * The ways back from whoever was notified: addresses made for one notification and one purpose, and numbers by which
 * replies name groups. A token is derived, not stored: the notification's id and a MAC of it under a key of this
 * installation (HMAC-SHA-256, RFC 2104, cut to 128 bits), so that it cannot be guessed and tells nothing. It ends with the
 * notification's seventh day. There are no ways back where nobody outside knows an address of this server.
 */
import { timingSafeEqual } from 'node:crypto';
import type { OutboxId, OutboxRow } from '../../alerts/router-state.ts';
import { decodeBase64Url, encodeBase64Url } from '../../lib/base64.ts';
import { isLoopback } from '../../lib/loopback.ts';
import { hexOf, hmacSha256 } from '../../lib/sha256.ts';
import type { UnixMs } from '../../model/time.ts';
import type { ReaderLinks } from '../../notify/integration.ts';
import type { ReplyCodes } from './reply-codes.ts';

export type TokenPurpose = 'page' | 'callback';

const MAC_BYTES = 16;
const ID_BYTES = 16;

export type PublicAddress = {
  /** What readers open; no slash at the end, as below. */
  readonly page: string;
  /** What providers call back. */
  readonly callback: string;
};

/**
 * Null: nobody outside reaches this server. `given`: --web.external-url, if it was given. An address that the telephone
 * provider reaches is one for readers too where there is no better: what this machine calls itself is of no use to them.
 */
export function publicAddress(options: {
  readonly given: string | null;
  readonly externalUrl: string;
  readonly callbackUrl: string;
}): PublicAddress | null {
  const { given, externalUrl, callbackUrl } = options;
  const isReached = given !== null && !isLoopback(new URL(externalUrl).hostname);
  const page = isReached ? externalUrl : callbackUrl;
  return page === '' ? null : { page, callback: callbackUrl || page };
}

export class ReaderWays {
  readonly #key: Uint8Array;
  readonly #codes: Pick<ReplyCodes, 'codeOf'>;
  readonly #address: () => PublicAddress | null;

  constructor(ports: {
    readonly key: Uint8Array;
    readonly codes: Pick<ReplyCodes, 'codeOf'>;
    readonly address: () => PublicAddress | null;
  }) {
    this.#key = ports.key;
    this.#codes = ports.codes;
    this.#address = ports.address;
  }

  get callbackBase(): string | null {
    return this.#address()?.callback ?? null;
  }

  links(id: OutboxId): ReaderLinks | null {
    const address = this.#address();
    if (address === null) return null;
    return {
      page: `${address.page}/act/${this.#token(id, 'page')}`,
      callback: `${address.callback}/twilio/${this.#token(id, 'callback')}`,
    };
  }

  /** For a text message; others cannot be answered by a number. */
  replyCode({ integration, groupId }: OutboxRow, now: UnixMs): number | null {
    return integration !== 'sms' || this.#address() === null ? null : this.#codes.codeOf(groupId, now);
  }

  /** The notification that a token was made for; null: it was not made here, or for something else. */
  idOf(token: string, purpose: TokenPurpose): OutboxId | null {
    const bytes = decodeBase64Url(padded(token));
    if (!(bytes instanceof Uint8Array) || bytes.length !== ID_BYTES + MAC_BYTES) return null;
    const hex = hexOf(bytes.subarray(0, ID_BYTES));
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') as OutboxId;
    return timingSafeEqual(bytes.subarray(ID_BYTES), this.#mac(id, purpose)) ? id : null;
  }

  #token(id: OutboxId, purpose: TokenPurpose): string {
    const bytes = new Uint8Array(ID_BYTES + MAC_BYTES);
    bytes.set(Buffer.from(id.replaceAll('-', ''), 'hex'));
    bytes.set(this.#mac(id, purpose), ID_BYTES);
    return encodeBase64Url(bytes).replace(/=+$/, '');
  }

  #mac(id: OutboxId, purpose: TokenPurpose): Uint8Array {
    return hmacSha256(this.#key, new TextEncoder().encode(`${purpose}:${id}`)).subarray(0, MAC_BYTES);
  }
}

const padded = (text: string): string => text.padEnd(Math.ceil(text.length / 4) * 4, '=');
