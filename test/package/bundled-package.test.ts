import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder, runProgram } from '../support/consumer-folder.js';

const places = resolve(import.meta.dirname, '../../scripts/places');
const { BUNDLERS } = (await import(pathToFileURL(join(places, 'bundlers.mjs')).href)) as {
  BUNDLERS: Readonly<Record<string, (host: string, folder: string, kept?: boolean) => Promise<string>>>;
};

describe('a server bundle of the package', () => {
  let folder: ConsumerFolder;
  let host = '';
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
    for (const peer of ['better-sqlite3', '@opentelemetry/api', '@opentelemetry/api-logs'])
      await folder.link(peer);
    for (const file of ['host.mjs', 'main.mjs', 'evaluator.mjs'])
      await cp(join(places, file), join(folder.path, file));
    host = join(folder.path, 'main.mjs');
  }, 120_000);
  afterAll(() => folder.remove());

  async function run(script: string): Promise<Record<string, string>> {
    const ended = await runProgram(process.execPath, [script], {
      cwd: folder.path,
      env: { ...process.env, EVALUATOR_FILE: join(folder.path, 'evaluator.mjs') },
    });
    expect(ended.stderr).not.toMatch(/uncaught|unhandled/i);
    expect(ended.status).toBe(0);
    return JSON.parse(ended.stdout) as Record<string, string>;
  }

  const allWork = (features: Record<string, string>): void => {
    for (const [name, outcome] of Object.entries(features))
      expect([name, outcome]).toEqual([name, expect.stringMatching(/^works/)]);
  };
  const newFolder = async (name: string): Promise<string> => {
    const into = join(folder.path, name.replaceAll(' ', '-'));
    await mkdir(into, { recursive: true });
    await writeFile(join(into, 'package.json'), '{"type":"module"}');
    return into;
  };

  it('does everything by itself when it is not bundled', async () => allWork(await run(host)));

  it.each(Object.entries(BUNDLERS))(
    '%s keeps it external with all of its doors, and then everything works',
    async (name, bundle) => allWork(await run(await bundle(host, await newFolder(`kept ${name}`), true))),
    120_000,
  );

  it.each(Object.entries(BUNDLERS))(
    '%s works, falls back or says what to configure, and never ends the host',
    async (name, bundle) => {
      const features = await run(await bundle(host, await newFolder(name)));
      const { gzip, sqliteThread, bootstrap, threads, threadTimeout, processes, ...others } = features;
      for (const [feature, outcome] of Object.entries(others))
        expect([feature, outcome]).toEqual([feature, 'works']);
      for (const outcome of [gzip, sqliteThread, bootstrap]) {
        expect(outcome).toMatch(/^works|^falls back: .*keep assaykit external/);
      }
      // Evaluators of the host's own have no form on the main thread: it takes them itself where that is wanted.
      for (const outcome of [threads, threadTimeout, processes]) {
        expect(outcome).toMatch(
          /^works|^refused: ASSAY_WORKER_(?:UNAVAILABLE|CRASHED) .*keep assaykit external/,
        );
      }
    },
    120_000,
  );
});
