import { describe, expect, it } from 'vitest';
import { syncWhereAllowed, type WritableFile } from '../../../src/stores/gzip/file-system.js';

const fileThat = (code: string | undefined): WritableFile => {
  const sync = (): Promise<void> =>
    code === undefined ? Promise.resolve() : Promise.reject(Object.assign(new Error('refused'), { code }));
  return { sync } as WritableFile;
};

describe('syncWhereAllowed', () => {
  it("goes on where Node's permission model forbids syncs, and nowhere else", async () => {
    await expect(syncWhereAllowed(fileThat(undefined))).resolves.toBeUndefined();
    await expect(syncWhereAllowed(fileThat('ERR_ACCESS_DENIED'))).resolves.toBeUndefined();
    await expect(syncWhereAllowed(fileThat('EIO'))).rejects.toMatchObject({ code: 'EIO' });
  });
});
