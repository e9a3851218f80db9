import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  readFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { eventLog } from '../../src/monitor/event-log.js';
import { GzipFileResultStore } from '../../src/stores/gzip/gzip-file-result-store.js';
import type { ResultStore } from '../../src/stores/result-store.js';
import type { RunEnd } from '../../src/stores/run-record.js';
import { SqliteDiskTier } from '../../src/stores/sqlite/sqlite-disk-tier.js';
import { SqliteResultStore } from '../../src/stores/sqlite/sqlite-result-store.js';
import { manifestOf } from '../../src/testing/store-contract-fixtures.js';
import { scoredResult } from '../../src/testing/sample-results.js';
import { temporaryFolders } from './temporary-folder.js';

const idsIn = async (store: ResultStore): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { caseId } of store.query()) ids.push(caseId);
  await store.close();
  return ids;
};

/** Files in a folder and below it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe.skipIf(process.platform === 'win32')('Files of stores are private', () => {
  const newFolder = temporaryFolders();
  const run = async (store: ResultStore): Promise<void> => {
    const evaluator = createEvaluator<string>({ name: 'any', version: '1', dimensions: { any: () => 1 } });
    const processor = new BatchProcessor<string>({ target: (input) => input, evaluator, store });
    await processor.run([{ id: 'a', input: 'x' }], { runId: 'run' });
  };
  const modesIn = (folder: string): number[] => [
    ...new Set(filesIn(folder).map((file) => statSync(file).mode & 0o777)),
  ];

  it.each<[string, (folder: string, fileMode?: number) => ResultStore, number]>([
    ['SQLite', (folder, fileMode) => new SqliteResultStore(join(folder, 'r.db'), { fileMode }), 3],
    [
      'SQLite, worker',
      (folder, fileMode) => new SqliteResultStore(join(folder, 'r.db'), { fileMode, thread: 'worker' }),
      3,
    ],
    ['gzip', (folder, fileMode) => new GzipFileResultStore(folder, { fileMode }), 6],
    [
      'gzip, a file a result',
      (folder, fileMode) => new GzipFileResultStore(folder, { fileMode, layout: 'file-per-result' }),
      6,
    ],
  ])('%s: unless the host says otherwise', async (_name, open, files) => {
    const mask = process.umask(0o002);
    try {
      for (const [fileMode, expected] of [
        [undefined, 0o600],
        [0o640, 0o640],
        [0o666, 0o664],
      ] as const) {
        const folder = newFolder();
        const store = open(folder, fileMode);
        await run(store);
        expect(filesIn(folder).length).toBeGreaterThanOrEqual(files); // locks and logs among them
        expect(modesIn(folder), String(fileMode)).toEqual([expected]);
        await store.close();
        expect(modesIn(folder), String(fileMode)).toEqual([expected]);
      }
    } finally {
      process.umask(mask);
    }
  });

  it('a cache on disk, too', async () => {
    const folder = newFolder();
    const tier = await SqliteDiskTier.open(join(folder, 'cache.db'));
    tier.set('a', 1, null);
    tier.close();
    expect(modesIn(folder)).toEqual([0o600]);
  });
});

describe.skipIf(process.platform === 'win32')('A folder of gzip files that holds what is no shard', () => {
  const newFolder = temporaryFolders();

  it('is read past pipes, devices and folders of such names, and links are followed', async () => {
    const folder = newFolder();
    const first = new GzipFileResultStore(folder);
    await first.append([scoredResult({ caseId: 'a' })]);
    await first.close();
    for (const family of ['results', 'cases', 'summaries'])
      execFileSync('mkfifo', [join(folder, `${family}-000002.jsonl.gz`)]);
    execFileSync('mkfifo', [join(folder, 'x.writer-lock'), join(folder, 'manifest-x.json')]);
    mkdirSync(join(folder, 'results-000003.jsonl.gz'));
    symlinkSync('/dev/zero', join(folder, 'results-000004.jsonl.gz'));
    symlinkSync(join(folder, 'results-000001.jsonl.gz'), join(folder, 'results-000005.jsonl.gz'));
    const store = new GzipFileResultStore(folder);
    await store.begin(manifestOf('run'));
    await store.append([scoredResult({ caseId: 'b', startedAt: 1.8e12 })]);
    expect(existsSync(join(folder, 'results-000006.jsonl.gz'))).toBe(true);
    for await (const { manifest } of store.runs()) expect(manifest.runId).toBe('run');
    expect(await idsIn(store)).toEqual(['a', 'b']);
  });

  it('has manifests that hold nothing, something else or a cut text: each a clear error, and no other is lost', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder);
    await store.begin(manifestOf('good'));
    for (const [i, text] of [
      'null',
      '[]',
      '5',
      '{"runId":',
      '',
      '{"runId":5}',
      '{"runId":"bad-6"}',
      '{"runId":"bad-7","evaluator":"any","startedAt":"today","target":{}}',
    ].entries()) {
      const runId = `bad-${i}`;
      await store.begin(manifestOf(runId));
      const file = readdirSync(folder).find((name) => name.startsWith(`manifest-${runId}`))!;
      writeFileSync(join(folder, file), text);
      await expect(store.manifest(runId), text).rejects.toMatchObject({
        code: 'ASSAY_STORE_CORRUPT',
        message: expect.stringContaining(file) as string,
      });
    }
    const errors: unknown[] = [];
    store.on('store:error', ({ error }) => errors.push(error));
    const listed: string[] = [];
    for await (const { manifest } of store.runs()) listed.push(manifest.runId);
    expect(listed).toEqual(['good']);
    expect(errors).toHaveLength(8);
    await store.close();
  });

  it('has ends that hold nothing or something else: the runs count as crashed, are told of, and can be resumed', async () => {
    const texts = [
      'null',
      '[]',
      '{"runId":',
      '',
      '{"runId":"bad-4"}',
      '{"runId":"bad-5","at":"x","models":5}',
    ];
    const folder = newFolder();
    const store = new GzipFileResultStore(folder);
    const endOf = (runId: string): RunEnd => ({ runId, at: 1, models: [], summary: { stopReason: 'end' } });
    for (const runId of ['good', ...texts.map((_text, i) => `bad-${i}`)]) {
      await store.begin(manifestOf(runId));
      await store.finish(endOf(runId));
    }
    for (const [i, text] of texts.entries()) {
      const file = readdirSync(folder).find((name) => name.startsWith(`end-bad-${i}`))!;
      writeFileSync(join(folder, file), text);
    }
    const errors: unknown[] = [];
    store.on('store:error', ({ error }) => errors.push(error));
    const states = new Map<string, string>();
    for await (const { manifest, state } of store.runs()) states.set(manifest.runId, state);
    expect(states.get('good')).toBe('ended');
    expect([...states.values()].filter((state) => state === 'crashed')).toHaveLength(texts.length);
    expect(errors).toHaveLength(texts.length);
    for (const error of errors) expect(error).toMatchObject({ code: 'ASSAY_STORE_CORRUPT' });
    await store.finish(endOf('bad-0'));
    for await (const { state } of store.runs({ runId: 'bad-0' })) expect(state).toBe('ended');
    await store.close();
  });

  it('has the manifest of another run under the name of one: that is damage, not another run', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder);
    await store.begin(manifestOf('a'));
    const file = readdirSync(folder).find((name) => name.startsWith('manifest-a'))!;
    writeFileSync(join(folder, file), JSON.stringify(manifestOf('b')));
    await expect(store.manifest('a')).rejects.toMatchObject({ code: 'ASSAY_STORE_CORRUPT' });
    for await (const { manifest } of store.runs()) expect.unreachable(manifest.runId);
    await store.close();
  });

  it('goes on counting below a foreign file with a number of any length', async () => {
    const folder = newFolder();
    for (const digits of [13, 16, 23, 400 - 200])
      closeSync(openSync(join(folder, `results-${'9'.repeat(digits)}.jsonl.gz`), 'w'));
    for (const caseId of ['a', 'b']) {
      const store = new GzipFileResultStore(folder);
      await store.append([scoredResult({ caseId, startedAt: caseId.charCodeAt(0) })]);
      await store.close();
    }
    expect(await idsIn(new GzipFileResultStore(folder))).toEqual(['a', 'b']);
    expect(readdirSync(folder)).toContain('results-000002.jsonl.gz');
  });

  it('says so when no number is left, and takes nothing', async () => {
    const folder = newFolder();
    closeSync(openSync(join(folder, 'results-999999999999.jsonl.gz'), 'w'));
    writeFileSync(join(folder, 'results-999999999999.jsonl.gz'), 'x');
    const store = new GzipFileResultStore(folder);
    await expect(store.append([scoredResult()])).rejects.toMatchObject({ code: 'ASSAY_STORE_FAILED' });
    await store.close();
  });
});

describe.skipIf(process.platform === 'win32')('What is no file in the place of a database', () => {
  const newFolder = temporaryFolders();
  const KINDS: Readonly<Record<string, (path: string) => void>> = {
    'a folder': (path) => mkdirSync(path),
    'a pipe, socket or device': (path) => execFileSync('mkfifo', [path]),
    'a pipe, socket or device (a device)': (path) => symlinkSync('/dev/zero', path),
  };

  it.each(Object.entries(KINDS))('is named and not written into: %s', async (kind, make) => {
    const path = join(newFolder(), 'results.db');
    make(path);
    const message = expect.stringContaining(
      `to be a file, or nothing yet, got ${kind.split(' (')[0]}`,
    ) as string;
    const expected = { code: 'ASSAY_STORE_FAILED', retryable: false, message };
    for (const thread of ['main', 'worker'] as const) {
      const store = new SqliteResultStore(path, { thread });
      await expect(store.append([scoredResult()])).rejects.toMatchObject(expected);
      await store.close();
    }
    await expect(SqliteDiskTier.open(path)).rejects.toMatchObject(expected);
  });
});

describe('A folder of many shards', () => {
  const newFolder = temporaryFolders();
  it('is looked through once: later questions open only what may have grown', async () => {
    const folder = newFolder();
    const store = new GzipFileResultStore(folder, { shardBytes: 1, codec: 'zlib', level: 1 });
    for (let i = 0; i < 60; i++) await store.append([scoredResult({ caseId: `c${i}`, startedAt: i })]);
    await store.close();
    const reader = new GzipFileResultStore(folder);
    const keys = [{ caseId: 'c7', repetition: 0 }];
    expect(await reader.finishedKeys('run', keys)).toEqual(['scored']);
    const elsewhere = newFolder();
    const sneaky = new GzipFileResultStore(elsewhere);
    await sneaky.append([scoredResult({ caseId: 'late' })]);
    await sneaky.close();
    const member = readFileSync(join(elsewhere, 'results-000001.jsonl.gz'));
    const late = [{ caseId: 'late', repetition: 0 }];
    appendFileSync(join(folder, 'results-000003.jsonl.gz'), member); // nobody appends to an old shard: it is not looked at
    expect(await reader.finishedKeys('run', late)).toEqual([undefined]);
    appendFileSync(join(folder, 'results-000060.jsonl.gz'), member);
    expect(await reader.finishedKeys('run', late)).toEqual(['scored']);
    const other = new GzipFileResultStore(folder);
    await other.append([scoredResult({ caseId: 'new' })]);
    await other.close();
    expect(await reader.finishedKeys('run', [{ caseId: 'new', repetition: 0 }])).toEqual(['scored']);
    await reader.close();
  });
});

describe('A layout of a file for each result', () => {
  const newFolder = temporaryFolders();

  it('can be plain JSON, and a folder may hold both kinds', async () => {
    const folder = newFolder();
    const open = (compression: boolean): GzipFileResultStore =>
      new GzipFileResultStore(folder, { layout: 'file-per-result', compression });
    const packed = open(true);
    await packed.append([
      scoredResult({ caseId: 'a', startedAt: 1 }),
      scoredResult({ caseId: 'b', startedAt: 2, score: 0 }),
    ]);
    await packed.close();
    const plain = open(false);
    await plain.append([
      scoredResult({ caseId: 'b', startedAt: 3, score: 1 }),
      scoredResult({ caseId: 'c', startedAt: 4 }),
    ]);
    expect(await plain.finishedKeys('run', [{ caseId: 'a', repetition: 0 }])).toEqual(['scored']);
    await plain.close();
    expect(await idsIn(open(true))).toEqual(['a', 'b', 'c']);
    const names = filesIn(folder).filter((file) => file.includes('run-'));
    expect(names.filter((name) => name.endsWith('.json.gz'))).toHaveLength(1);
    const text = execFileSync('cat', [names.find((name) => name.endsWith('.json'))!], { encoding: 'utf8' });
    expect(JSON.parse(text)).toMatchObject({ runId: 'run' });
    expect(() => new GzipFileResultStore(folder, { compression: false })).toThrow(/file-per-result/);
  });
});

const canMount = process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0;

describe.skipIf(!canMount)(
  canMount ? 'A read-only mount' : 'A read-only mount (skipped: no mount namespaces here)',
  () => {
    const newFolder = temporaryFolders();

    it.each(['main', 'worker'])(
      'lets a database be read, and says that it cannot be written: %s',
      async (thread) => {
        const folder = newFolder();
        const source = join(newFolder(), 'killed.db');
        const closed = new SqliteResultStore(join(folder, 'closed.db'));
        await closed.append([scoredResult({ caseId: 'closed' })]);
        await closed.close();
        const killed = new SqliteResultStore(source);
        await killed.append([scoredResult({ caseId: 'killed' })]);
        for (const suffix of ['', '-wal']) copyFileSync(source + suffix, join(folder, `killed.db${suffix}`));
        await killed.close();
        const script = `
        import { SqliteResultStore } from './dist/doors/sqlite.js';
        import { scoredResult } from './dist/testing/sample-results.js';
        for (const path of ['closed.db', 'killed.db']) {
          const store = new SqliteResultStore('${folder}/' + path, { thread: '${thread}' });
          for await (const { caseId } of store.query()) console.log(caseId);
          await store.append([scoredResult()]).catch((error) => console.log(error.code));
          await store.close();
        }`;
        const command = `mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder} && exec "$0" --input-type=module -e "$1"`;
        const out = execFileSync('unshare', ['-rm', 'sh', '-c', command, process.execPath, script], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        expect(out.trim().split('\n')).toEqual([
          'closed',
          'ASSAY_STORE_FAILED',
          'killed',
          'ASSAY_STORE_FAILED',
        ]);
      },
    );
  },
);

describe('An event log', () => {
  const newFolder = temporaryFolders();

  it('stays where its path pointed when it was made', async () => {
    const [here, there] = [newFolder(), newFolder()];
    const before = process.cwd();
    try {
      process.chdir(here);
      const log = eventLog('events.jsonl');
      const evaluator = createEvaluator<string>({ name: 'any', version: '1', dimensions: { any: () => 1 } });
      const processor = new BatchProcessor<string>({ target: (input) => input, evaluator });
      log.watch(processor);
      process.chdir(there);
      await processor.run([{ id: 'a', input: 'x' }]);
      await log.close();
    } finally {
      process.chdir(before);
    }
    expect(existsSync(join(here, 'events.jsonl'))).toBe(true);
    expect(existsSync(join(there, 'events.jsonl'))).toBe(false);
  });
});
