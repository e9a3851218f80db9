import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../bench/cache/accuracy.mjs', import.meta.url));

describe('MemoryBoundedCache in a process of its own', () => {
  it('really holds at most 1.15 times its limit, for every kind of value', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      script,
      '--json',
      '--mb',
      '8',
    ]);
    const rows = JSON.parse(stdout) as { kind: string; heldOfLimit: number; entries: number }[];
    expect(rows.length).toBeGreaterThanOrEqual(20);
    expect(rows.filter((row) => row.heldOfLimit > 1.15)).toEqual([]);
    // A limit that is met by holding next to nothing would be no use either.
    expect(rows.filter((row) => row.heldOfLimit < 0.6)).toEqual([]);
  });
});
