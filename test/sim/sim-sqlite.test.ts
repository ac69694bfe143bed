/** The simulated machine's SQLite forgets at a death what a real one would, and nothing else. */
import type Sqlite from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import { ProcessLife, SimulatedCrash } from '../../src/platform/sim/sim-crash.ts';
import { SimRandom } from '../../src/platform/sim/sim-random.ts';
import { DISK_FULL, SimSqlite, type SqliteFault } from '../support/sim-sqlite.ts';

const disposals: (() => void)[] = [];
afterEach(() => {
  for (const dispose of disposals.splice(0)) dispose();
});

function machine(seed: number, synchronous: 'FULL' | 'NORMAL' = 'FULL') {
  const files = new SimSqlite(new SimRandom(seed));
  disposals.push(() => files.dispose());
  const boot = (): { readonly life: ProcessLife; readonly db: Sqlite.Database; readonly rows: () => readonly number[] } => {
    const life = new ProcessLife('app');
    const db = files.connect(life);
    db.pragma('journal_mode = WAL');
    db.pragma(`synchronous = ${synchronous}`);
    db.exec('CREATE TABLE IF NOT EXISTS t (n INTEGER)');
    return { life, db, rows: () => (db.prepare('SELECT n FROM t ORDER BY n').all() as { readonly n: number }[]).map(({ n }) => n) };
  };
  return { files, boot };
}

const insert = (db: Sqlite.Database, n: number): unknown => db.prepare('INSERT INTO t VALUES (?)').run(n);

describe('a database on a simulated disk', () => {
  test.each(['kill', 'power'] as const)('death by %s in the middle of a transaction takes that one and no other', (death) => {
    for (let seed = 0; seed < 20; seed++) {
      const { boot } = machine(seed);
      const { life, db } = boot();
      for (let n = 0; n < 5; n++) insert(db, n);
      const dying = db.transaction(() => {
        for (let n = 10; n < 300; n++) insert(db, n);
        life.end(death);
        insert(db, 999);
      });
      expect(dying).toThrow(SimulatedCrash);
      expect(() => insert(db, 1000)).toThrow(SimulatedCrash);
      expect(boot().rows()).toEqual([0, 1, 2, 3, 4]);
    }
  });

  test('without a sync at each commit a power loss may take the last ones, never one before another', () => {
    const left = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { boot } = machine(seed, 'NORMAL');
      const { life, db } = boot();
      db.pragma('wal_checkpoint(TRUNCATE)');
      for (let n = 0; n < 5; n++) insert(db, n);
      life.end('power');
      const rows = boot().rows();
      expect(rows).toEqual([0, 1, 2, 3, 4].slice(0, rows.length));
      left.add(rows.length);
    }
    expect(left.size).toBeGreaterThan(2);
  });

  test('many deaths in a row lose no commit', () => {
    const { boot } = machine(3);
    const wanted: number[] = [];
    for (let n = 0; n < 20; n++) {
      const { life, db } = boot();
      insert(db, n);
      wanted.push(n);
      life.end(n % 2 === 0 ? 'kill' : 'power');
    }
    expect(boot().rows()).toEqual(wanted);
  });

  test.each<{ readonly fault: SqliteFault; readonly kept: readonly number[] }>([
    { fault: { ...DISK_FULL, times: 1 }, kept: [2, 3] },
    { fault: { ...DISK_FULL, skip: 1, times: 1 }, kept: [2, 3] },
    { fault: { code: 'SQLITE_BUSY', statement: /^BEGIN/, times: 1 }, kept: [2, 3] },
    { fault: { code: 'SQLITE_IOERR_WRITE', statement: /^COMMIT/, skip: 1, times: 1 }, kept: [1] },
  ])('an error of $fault.code at "$fault.statement" fails its transaction, and those after it go on', ({ fault, kept }) => {
    const { files, boot } = machine(1);
    const { db, rows } = boot();
    files.inject(fault);
    const outcomes = [[1], [2, 3]].map((numbers) => {
      try {
        db.transaction(() => numbers.forEach((n) => insert(db, n)))();
        return 'committed';
      } catch (error) {
        return (error as { readonly code: string }).code;
      }
    });
    expect(rows()).toEqual(kept);
    expect(outcomes.filter((outcome) => outcome !== 'committed')).toEqual([fault.code]);
  });
});
