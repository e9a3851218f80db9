import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SqliteCheckpointer } from '../../../src/stores/sqlite/sqlite-checkpointer.js';
import { LOG_BYTES, type SqliteConnection } from '../../../src/stores/sqlite/sqlite-connection.js';
import { SqliteResultStore } from '../../../src/stores/sqlite/sqlite-result-store.js';
import { scoredResult } from '../../../src/testing/sample-results.js';
import { temporaryFolders } from '../temporary-folder.js';

/** Stands for a connection whose log has a given size and whose checkpoints do what a test says. */
class FakeConnection {
  readonly autoCheckpoint: boolean[] = [];
  log = 0;
  checkpoints = 0;
  outcome: () => boolean = () => true;

  setAutoCheckpoint(on: boolean): void {
    this.autoCheckpoint.push(on);
  }

  logSize(): number {
    return this.log;
  }

  checkpoint(): boolean {
    this.checkpoints += 1;
    return this.outcome();
  }
}

describe('SqliteCheckpointer', () => {
  const newFolder = temporaryFolders();
  const setUp = (): { connection: FakeConnection; checkpointer: SqliteCheckpointer } => {
    const path = join(newFolder(), 'results.db-wal');
    writeFileSync(path, '');
    const connection = new FakeConnection();
    return {
      connection,
      checkpointer: new SqliteCheckpointer(connection as unknown as SqliteConnection, path),
    };
  };

  it('copies a long log, and lets writes go on until the copy is near', async () => {
    const { connection, checkpointer } = setUp();
    expect(connection.autoCheckpoint).toEqual([false]);
    connection.log = LOG_BYTES;
    checkpointer.afterWrite();
    await checkpointer.idle();
    expect(connection.checkpoints).toBe(0);
    connection.log += 1;
    checkpointer.afterWrite();
    expect(checkpointer.pause).toBeUndefined();
    let pausedAtCopy = false;
    connection.outcome = () => {
      pausedAtCopy = checkpointer.pause !== undefined;
      return true;
    };
    await checkpointer.idle();
    expect({ checkpoints: connection.checkpoints, pausedAtCopy }).toEqual({
      checkpoints: 1,
      pausedAtCopy: true,
    });
    expect(checkpointer.pause).toBeUndefined();
  });

  it('makes writes wait for a disk that is slower than they are', async () => {
    const { connection, checkpointer } = setUp();
    connection.log = 2 * LOG_BYTES + 1;
    checkpointer.afterWrite();
    expect(checkpointer.pause).toBeDefined();
    await checkpointer.pause;
    expect(connection.checkpoints).toBe(1);
  });

  it('tries again only when the log has grown, while a reader holds it', async () => {
    const { connection, checkpointer } = setUp();
    connection.outcome = () => false;
    for (const [log, checkpoints] of [
      [LOG_BYTES + 1, 1],
      [2 * LOG_BYTES, 1],
      [2 * LOG_BYTES + 2, 2],
    ] as const) {
      connection.log = log;
      checkpointer.afterWrite();
      await checkpointer.idle();
      expect(connection.checkpoints).toBe(checkpoints);
    }
  });

  it("hands over to SQLite's own checkpoints when one fails", async () => {
    const { connection, checkpointer } = setUp();
    connection.outcome = () => {
      throw new Error('disk I/O error');
    };
    connection.log = LOG_BYTES + 1;
    checkpointer.afterWrite();
    await checkpointer.idle();
    connection.log = 9 * LOG_BYTES;
    checkpointer.afterWrite();
    expect(checkpointer.pause).toBeUndefined();
    expect(connection.checkpoints).toBe(1);
    expect(connection.autoCheckpoint).toEqual([false, true]);
  });

  it('keeps the log of a store short, whatever is written', async () => {
    const path = join(newFolder(), 'results.db');
    const store = new SqliteResultStore(path);
    const text = 'long '.repeat(2_000);
    let longest = 0;
    for (let batch = 0; batch < 40; batch++) {
      await store.append(
        Array.from({ length: 100 }, (_, i) => scoredResult({ caseId: `${batch}-${i}`, text })),
      );
      longest = Math.max(longest, statSync(`${path}-wal`).size);
    }
    await store.close();
    expect(statSync(path).size).toBeGreaterThan(40_000_000);
    expect(longest).toBeLessThan(3 * LOG_BYTES);
  });
});
