import { describe, expect, it } from 'vitest';
import { CommandError } from '../../src/cli/command-error.js';
import { findRun } from '../../src/cli/find-run.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import type { RunManifest } from '../../src/stores/run-manifest.js';

async function storeWith(...runIds: readonly string[]): Promise<MemoryResultStore> {
  const store = new MemoryResultStore();
  for (const [at, runId] of runIds.entries()) {
    const manifest: RunManifest = {
      runId,
      evaluator: 'e',
      evaluatorVersion: '1',
      configurationHash: 'h',
      conventions: {},
      target: {},
      repetitions: 1,
      startedAt: Date.UTC(2026, 0, 1) + at,
      packageVersion: '0',
    };
    await store.begin(manifest);
  }
  return store;
}
const found = async (store: MemoryResultStore, word: string): Promise<string> =>
  (await findRun(store, word)).manifest.runId;
const refused = async (store: MemoryResultStore, word: string): Promise<string> => {
  const error: unknown = await findRun(store, word).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CommandError);
  expect((error as CommandError).exitCode).toBe(66);
  return (error as CommandError).message;
};

describe('the run that a word means', () => {
  it('is one of this id, the only one that begins so, or the newest', async () => {
    const store = await storeWith('nightly-1', 'nightly-10', 'pull-7');
    expect(await found(store, 'nightly-10')).toBe('nightly-10');
    expect(await found(store, 'nightly-1')).toBe('nightly-1'); // an id, though the beginning of another
    expect(await found(store, 'p')).toBe('pull-7');
    expect(await found(store, 'latest')).toBe('pull-7');
    expect(await found(store, 'latest~0')).toBe('pull-7');
    expect(await found(store, 'latest~2')).toBe('nightly-1');
  });

  it('is not guessed: all that it may be are named', async () => {
    const store = await storeWith('nightly-1', 'nightly-10', 'pull-7');
    expect(await refused(store, 'night')).toMatch(
      /^"night" may be "nightly-10" \(20\d\d-.*\), "nightly-1" \(.*\); write more of it$/,
    );
    const many = await storeWith(...Array.from({ length: 30 }, (_, i) => `run-${i}`));
    expect((await refused(many, 'run')).match(/"run-\d+"/g)).toHaveLength(10);
    expect(await refused(many, 'run')).toContain(' and more; write');
  });

  it('is not the only one of a store for a word that is empty', async () => {
    const error: unknown = await findRun(await storeWith('only'), '').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CommandError);
    expect((error as CommandError).exitCode).toBe(64);
  });

  it('is not the newest when another one is called latest', async () => {
    const store = await storeWith('latest', 'newer');
    expect(await refused(store, 'latest')).toMatch(/"newer" .*, "latest" .*; write id:latest for the one/);
    expect(await found(store, 'id:latest')).toBe('latest');
    expect(await found(store, 'latest~0')).toBe('newer');
    expect(await found(await storeWith('older', 'latest'), 'latest')).toBe('latest');
  });

  it('is said to be missing with what there is', async () => {
    const store = await storeWith('one');
    expect(await refused(store, 'two')).toBe('No run "two": the newest is "one"; `assaykit runs` lists them');
    expect(await refused(store, 'id:o')).toContain('No run "o"');
    expect(await refused(store, 'latest~1')).toBe('No run latest~1: the store has 1 run');
    const empty = await storeWith();
    expect(await refused(empty, 'latest')).toContain('The store has no runs');
    expect(await refused(empty, 'x')).toBe('No run "x": the store has none');
  });
});
