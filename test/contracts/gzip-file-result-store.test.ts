import { describe, it } from 'vitest';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import type { GzipFileResultStoreOptions } from '../../src/stores/gzip/gzip-options.js';
import { testResultStore } from '../../src/testing/result-store-contract.js';
import { temporaryFolders } from '../stores/temporary-folder.js';

const variants: readonly GzipFileResultStoreOptions[] = [
  {},
  { codec: 'zlib', durability: 'power', level: 1 },
  { shardBytes: 2_000, groupSize: 7 },
  { layout: 'file-per-result', codec: 'zlib', level: 1 },
];

describe.each(variants)('GzipFileResultStore keeps the contract with %o', (options) => {
  const newFolder = temporaryFolders();
  const folders = new WeakMap<object, string>();
  const open = (folder: string): GzipFileResultStore => {
    const store = new GzipFileResultStore(folder, options);
    folders.set(store, folder);
    return store;
  };
  testResultStore(it, () => open(newFolder()), {
    ...(options.layout === 'file-per-result' ? { largestBatch: 1_000 } : {}),
    reopen: async (store) => {
      await store.close();
      return open(folders.get(store) as string);
    },
  });
});
