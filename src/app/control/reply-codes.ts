/**
 * The number by which a reply in a text names a group: small, the same for as long as the group lives and a day longer,
 * then another's. Kept in memory, since whoever makes a notification needs it at once, and on disk.
 */
import type { GroupId } from '../../alerts/router-state.ts';
import type { ReplyCode, ReplyCodeRepository } from '../../db/reply-code-repository.ts';
import type { Log } from '../../model/log.ts';
import { type UnixMs, unixMs } from '../../model/time.ts';

/** One digit is typed by mistake. */
const FIRST = 11;
const KEPT_MS = 86_400_000;

export class ReplyCodes {
  readonly #repository: ReplyCodeRepository;
  readonly #log: Log;
  readonly #byGroup = new Map<GroupId, ReplyCode>();
  readonly #taken = new Set<number>();

  static async open(repository: ReplyCodeRepository, log: Log): Promise<ReplyCodes> {
    const codes = new ReplyCodes(repository, log);
    for (const code of await repository.all()) codes.#remember(code);
    return codes;
  }

  private constructor(repository: ReplyCodeRepository, log: Log) {
    this.#repository = repository;
    this.#log = log;
  }

  codeOf(groupId: GroupId, now: UnixMs): number {
    let code = this.#byGroup.get(groupId)?.code ?? FIRST;
    if (!this.#byGroup.has(groupId)) while (this.#taken.has(code)) code++;
    const used = { code, groupId, usedAt: now };
    this.#remember(used);
    // A reply finds its notification without this; only another group could get the number too early.
    this.#repository.save(used).catch((error: unknown) => {
      this.#log.error('a reply code could not be stored', { error: error instanceof Error ? error.message : String(error) });
    });
    return code;
  }

  /** Frees what groups had that are over for a day. */
  async recycle(now: UnixMs): Promise<void> {
    for (const groupId of await this.#repository.recycle(unixMs(now - KEPT_MS))) {
      const code = this.#byGroup.get(groupId);
      this.#byGroup.delete(groupId);
      if (code !== undefined) this.#taken.delete(code.code);
    }
  }

  #remember(code: ReplyCode): void {
    this.#byGroup.set(code.groupId, code);
    this.#taken.add(code.code);
  }
}
