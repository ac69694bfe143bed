/**
 * Bugs planted to see whether the simulation finds them, each modelled on one that such systems have had. They are put
 * into the ports and around the methods of the application; production code knows nothing of them.
 */
import { Group } from '../../../src/alerts/group.ts';
import type { AppPorts } from '../../../src/app/app-ports.ts';
import { Delivery } from '../../../src/app/control/delivery.ts';
import type { Database } from '../../../src/db/database.ts';
import { durationMs } from '../../../src/model/time.ts';
import type { Mutant } from './simulation.ts';

type Statement = ReturnType<Database['connection']['prepare']>;
type Run = (...values: unknown[]) => unknown;

/** The database with another way to run the statements that match. */
function withStatements(ports: AppPorts, matching: RegExp, run: (original: Run, values: readonly unknown[]) => unknown): AppPorts {
  return {
    ...ports,
    openDatabase: (path) => {
      const database = ports.openDatabase(path);
      const { connection } = database;
      const prepare = connection.prepare.bind(connection);
      connection.prepare = ((sql: string): Statement => {
        const statement = prepare(sql);
        if (!matching.test(sql)) return statement;
        const original: Run = (...values) => statement.run(...values);
        return Object.assign(Object.create(statement) as Statement, { run: (...values: unknown[]) => run(original, values) });
      }) as typeof connection.prepare;
      return database;
    },
  };
}

const DONE = { changes: 1, lastInsertRowid: 0 };

/** A bug, the invariants that may show it, and a seed that finds it in little time. */
type Planted = Mutant & {
  readonly invariants: readonly string[];
  readonly seed: number;
  readonly untilMs: number;
  readonly isPlain?: boolean;
};

export const MUTANTS: readonly Planted[] = [
  {
    name: 'claim after send',
    seed: 3,
    isPlain: true,
    untilMs: 3_600_000,
    invariants: ['I2'],
    // The claim is written when the attempt is over and no sooner, so that a death in between forgets that bytes have left.
    prepare: (ports) => withStatements(ports, /^UPDATE outbox SET state = 'claimed'/, () => DONE),
  },
  {
    name: 'acknowledgement not on disk',
    seed: 2,
    isPlain: true,
    untilMs: 1_800_000,
    invariants: ['I9'],
    // As a pager that keeps in memory who looks after what: answered, and forgotten with the process.
    plant: () => {
      const { toRow } = Group.prototype;
      return replaced(Group.prototype, 'toRow', function (this: Group) {
        return { ...toRow.call(this), ack: null };
      });
    },
  },
  {
    name: 'acknowledged and told again',
    seed: 31,
    untilMs: 3_600_000,
    invariants: ['I9'],
    // As where an acknowledgement is only shown: the repeat interval goes on, whoever looks after it.
    plant: () => {
      const { wake } = Group.prototype;
      const restoreWake = replaced(Group.prototype, 'wake', function (this: Group, ...args) {
        const { ack } = this;
        this.ack = null;
        wake.apply(this, args);
        this.ack = ack;
      });
      const restoreWhy = replaced(Group.prototype, 'whyUnwanted', () => null);
      return () => {
        restoreWake();
        restoreWhy();
      };
    },
  },
  {
    name: "a stand-in's resolve forgotten",
    seed: 24,
    untilMs: 3_600_000,
    invariants: ['I2', 'I8'],
    // Whoever was called in is told no more as soon as the others can be reached again, and waits for ever.
    plant: () => {
      const { noteTold } = Group.prototype;
      return replaced(Group.prototype, 'noteTold', function (this: Group, integration, ...rest) {
        if (integration.standsInFor === null) noteTold.call(this, integration, ...rest);
      });
    },
  },
  {
    name: 'silence not on disk before it is answered',
    seed: 2,
    isPlain: true,
    untilMs: 3_600_000,
    invariants: ['I5'],
    // As Alertmanager: written a quarter of an hour later.
    prepare: (ports) =>
      withStatements(ports, /^INSERT INTO "silence"/, (original, values) => {
        ports.clock.after(durationMs(900_000), () => original(...values));
        return DONE;
      }),
  },
  {
    name: 'resolve forgotten while muted',
    seed: 2,
    isPlain: true,
    untilMs: 3_600_000,
    invariants: ['I2', 'I8'],
    // Alertmanager #3664: what is muted when it resolves is told to nobody, because nobody noted who waits for it.
    plant: () => replaced(Group.prototype, 'noteTold', () => {}),
  },
  {
    name: 'owed notification dropped by a reload',
    seed: 7,
    isPlain: true,
    untilMs: 2_700_000,
    invariants: ['I1', 'I2', 'I8'],
    // Alertmanager #2417: what was being sent when the configuration was read again counts as sent.
    started: (app) => {
      const reload = app.reload.bind(app);
      app.reload = async () => {
        const open = await app.outbox.open();
        app.delivery.drop(open.map(({ row }) => row.id));
        await app.keeper.step((router, now) => {
          for (const { row } of open) router.settle({ kind: 'accepted', outboxId: row.id }, now);
          return {
            result: undefined,
            settlements: open.map(({ row }) => ({ id: row.id, state: 'accepted' as const, nextAttemptAt: now, answer: '' })),
          };
        });
        return reload();
      };
    },
  },
  {
    name: 'no retry after a crash',
    seed: 1,
    isPlain: true,
    untilMs: 3_600_000,
    invariants: ['I1', 'L2'],
    // GoAlert: what was under way when the process died is taken for sent, and not looked at again.
    plant: () => {
      const { enqueue } = Delivery.prototype;
      return replaced(Delivery.prototype, 'enqueue', function (this: Delivery, rows) {
        enqueue.call(
          this,
          rows.filter(({ attempts }) => attempts === 0),
        );
      });
    },
  },
];

/** Puts another method in the place of one; the returned function puts it back. */
function replaced<T extends object, K extends keyof T>(owner: T, name: K, method: T[K]): () => void {
  const original = owner[name];
  owner[name] = method;
  return () => {
    owner[name] = original;
  };
}
