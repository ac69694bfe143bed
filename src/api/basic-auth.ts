/**
 * HTTP basic authentication against bcrypt hashes. A hash takes tens of milliseconds on purpose: what was right once is
 * remembered (as a digest, not as a password), wrong ones are computed one after another, and few may wait. An unknown
 * user takes as long as a known one.
 */
import { createHash, randomBytes } from 'node:crypto';
import { compare } from 'bcryptjs';

export type Checked = { readonly kind: 'known'; readonly user: string } | { readonly kind: 'refused' } | { readonly kind: 'busy' };

/** Logins that wait for their turn, at most; beyond, the client is told to come back. */
const WAITING_MAX = 16;
const REMEMBERED_MAX = 100;

export class BasicAuth {
  /** Digests of user, hash and password that fit. */
  readonly #right = new Set<string>();
  readonly #key = randomBytes(32);
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `authorization`: the header. `users`: bcrypt hashes by name, at least one. */
  async check(authorization: string | null, users: ReadonlyMap<string, string>): Promise<Checked> {
    const given = credentialsOf(authorization);
    if (given === null) return { kind: 'refused' };
    const { user, password } = given;
    const hash = users.get(user);
    const digest = this.#digest(user, hash ?? '', password);
    if (this.#right.has(digest)) return { kind: 'known', user };
    if (this.#waiting >= WAITING_MAX) return { kind: 'busy' };
    const [anyHash = ''] = users.values();
    const isRight = (await this.#compare(password, hash ?? anyHash)) && hash !== undefined;
    if (!isRight) return { kind: 'refused' };
    this.#remember(digest);
    return { kind: 'known', user };
  }

  #compare(password: string, hash: string): Promise<boolean> {
    this.#waiting++;
    const turn = this.#last.then(() => compare(password, hash)).finally(() => this.#waiting--);
    this.#last = turn.catch(() => {});
    return turn;
  }

  #digest(user: string, hash: string, password: string): string {
    return createHash('sha256')
      .update(this.#key)
      .update(JSON.stringify([user, hash, password]))
      .digest('base64');
  }

  #remember(digest: string): void {
    const [oldest] = this.#right;
    if (this.#right.size >= REMEMBERED_MAX && oldest !== undefined) this.#right.delete(oldest);
    this.#right.add(digest);
  }
}

function credentialsOf(authorization: string | null): { readonly user: string; readonly password: string } | null {
  const encoded = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
