import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const host = fileURLToPath(new URL('./support/drained-host.mjs', import.meta.url));
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'assaykit-drain-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const asked = (): string[] => {
  try {
    return readFileSync(join(folder, 'asked.log'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};

async function runHost(total: number, killAfter?: number): Promise<Record<string, unknown>> {
  const child = spawn(process.execPath, [host, folder, String(total)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  if (killAfter !== undefined) {
    while (asked().length < killAfter) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGTERM');
  }
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  return JSON.parse(output) as Record<string, unknown>;
}

describe('a host that drains on SIGTERM', () => {
  it('loses nothing, asks nothing twice, and its process ends by itself', async () => {
    const first = await runHost(200, 40);
    expect(first['stopReason']).toBe('drained');
    expect(first['scored']).toBe(asked().length);
    const second = await runHost(200);
    expect(second).toMatchObject({ stopReason: 'end', skipped: first['scored'], n: 200 });
    expect(asked()).toHaveLength(200);
    expect(new Set(asked()).size).toBe(200);
  });
});
