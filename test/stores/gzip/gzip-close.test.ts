import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeFileSystem, type FileSystem } from '../../../src/stores/gzip/file-system.js';
import { GzipFileResultStore } from '../../../src/stores/gzip/gzip-file-result-store.js';
import { manifestOf, summaryOf } from '../../../src/testing/store-contract-fixtures.js';
import { temporaryFolders } from '../temporary-folder.js';

describe('a GzipFileResultStore that is closed while it writes', () => {
  const newFolder = temporaryFolders();

  it.each([
    ['a manifest', (store: GzipFileResultStore) => store.begin(manifestOf('run'))],
    [
      'a batch summary',
      (store: GzipFileResultStore) => store.appendBatchSummary(summaryOf('run', { batchId: 'b' })),
    ],
  ])('finishes %s first, and leaves no file open', async (_what, write) => {
    let open = 0;
    const files: FileSystem = {
      ...nodeFileSystem,
      async create(path) {
        const file = await nodeFileSystem.create(path);
        const close = file.close.bind(file);
        open += 1;
        file.close = async () => {
          open -= 1;
          await close();
        };
        return file;
      },
    };
    const folder = newFolder();
    const store = new GzipFileResultStore(folder, { files, durability: 'power' });
    const written = write(store);
    await Promise.all([written, store.close()]);
    expect(open).toBe(0);
    const names = readdirSync(folder);
    expect(names).toHaveLength(1); // and no lock
    expect(names[0]).toMatch(/^(manifest|summaries)-/);
  });
});
