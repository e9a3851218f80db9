import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFileSystem, type FileSystem } from '../../../src/stores/gzip/file-system.js';
import { GzipFileResultStore } from '../../../src/stores/gzip/gzip-file-result-store.js';
import { scoredResult } from '../../../src/testing/sample-results.js';
import { temporaryFolders } from '../temporary-folder.js';

describe('folders that a GzipFileResultStore creates', () => {
  const newFolder = temporaryFolders();

  const syncedFolders = async (
    above: string,
    options: { durability: 'process' | 'power'; layout: 'shards' | 'file-per-result' },
  ): Promise<Set<string>> => {
    const synced = new Set<string>();
    const files: FileSystem = {
      ...nodeFileSystem,
      syncFolder: async (path) => {
        synced.add(path);
        await nodeFileSystem.syncFolder(path);
      },
    };
    const store = new GzipFileResultStore(join(above, 'some', 'results'), { ...options, files });
    await store.append([scoredResult({})]);
    await store.close();
    return synced;
  };

  it.each(['shards', 'file-per-result'] as const)(
    'are found again after a loss of power, up to the one that existed: %s',
    async (layout) => {
      const above = newFolder();
      const synced = await syncedFolders(above, { durability: 'power', layout });
      for (const changed of [above, join(above, 'some'), join(above, 'some', 'results')])
        expect(synced).toContain(changed);
      expect(synced).not.toContain(join(above, '..'));
    },
  );

  it('are not synced for the durability of a process', async () => {
    expect(await syncedFolders(newFolder(), { durability: 'process', layout: 'shards' })).toEqual(new Set());
  });
});
