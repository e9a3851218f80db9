import { describe, expect, it } from 'vitest';
import { GzipFileResultStore } from '../../../src/stores/gzip/gzip-file-result-store.js';
import { scoredResult } from '../../../src/testing/sample-results.js';
import { temporaryFolders } from '../temporary-folder.js';

const LAYOUTS = ['shards', 'file-per-result'] as const;

describe('a folder of one layout that is opened as one of the other', () => {
  const newFolder = temporaryFolders();

  it.each(LAYOUTS)('%s: is refused, and neither read nor written as if it were empty', async (layout) => {
    const folder = newFolder();
    const first = new GzipFileResultStore(folder, { layout });
    await first.append([scoredResult({ runId: 'r', caseId: 'a' })]);
    await first.close();

    const other = new GzipFileResultStore(folder, { layout: LAYOUTS.find((each) => each !== layout) });
    const refusal = {
      code: 'ASSAY_INVALID_OPTION',
      message: expect.stringContaining(`'${layout}'`) as string,
    };
    const key = { caseId: 'a', repetition: 0 };
    await expect(other.finishedKeys('r', [key])).rejects.toMatchObject(refusal);
    await expect(other.query({ runId: 'r' }).next()).rejects.toMatchObject(refusal);
    await expect(other.append([scoredResult({ runId: 'r', caseId: 'b' })])).rejects.toMatchObject(refusal);
    await other.close();

    const again = new GzipFileResultStore(folder, { layout });
    expect(await again.finishedKeys('r', [key])).toEqual(['scored']);
    await again.close();
  });

  it('is read where it holds results of both', async () => {
    const folder = newFolder();
    const both = LAYOUTS.map((layout) => new GzipFileResultStore(folder, { layout }));
    for (const store of both) await store.finishedKeys('r', []); // when it is empty
    for (const [i, store] of both.entries()) {
      await store.append([scoredResult({ runId: 'r', caseId: `case-${i}` })]);
      await store.close();
    }
    for (const [i, layout] of LAYOUTS.entries()) {
      const store = new GzipFileResultStore(folder, { layout });
      const found = await store.query({ runId: 'r' }).next();
      expect(found.value).toMatchObject({ caseId: `case-${i}` });
      await store.close();
    }
  });
});
