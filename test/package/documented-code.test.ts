import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder } from '../support/consumer-folder.js';
import { programsOf } from '../support/guide-programs.js';

const root = resolve(import.meta.dirname, '../..');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api/'))
    .map((name) => `docs/${name}`),
].sort();

/** Packages whose types the pages' programs may use. */
const PEERS = ['better-sqlite3', 'pg', '@opentelemetry/api', '@opentelemetry/api-logs', 'ajv', 'vitest'];

describe('the code in README and docs', () => {
  let folder: ConsumerFolder;
  beforeAll(async () => {
    folder = await ConsumerFolder.create();
    for (const peer of PEERS) await folder.link(peer);
  }, 180_000);
  afterAll(() => folder?.remove());

  it('type-checks against the packed package', async () => {
    const files: string[] = [];
    for (const page of pages) {
      for (const [index, { file, text }] of programsOf(page).entries()) {
        const name = file ?? `${page.replaceAll('/', '_').replace(/\.md$/, '')}_${index + 1}.ts`;
        await folder.write(name, `${text}\nexport {};\n`);
        files.push(name);
      }
    }
    expect(files.length).toBeGreaterThan(5);
    expect(await folder.typeCheck(files)).toBe('');
  });

  it('prints what the README says that it prints', async () => {
    const [, program = '', printed] =
      /^```js\n(.*?)^```$\n\n^```$\n(.*?)^```$/ms.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
    await folder.write('readme.mjs', program);
    expect(await folder.node('readme.mjs')).toEqual({ status: 0, stdout: printed, stderr: '' });
  });

  it('lists every guide in the table of contents', () => {
    const contents = readFileSync(join(root, 'docs/README.md'), 'utf8');
    const guides = readdirSync(join(root, 'docs/guides'));
    expect(guides.filter((name) => !contents.includes(`](guides/${name})`))).toEqual([]);
  });

  it('links only to files that exist', () => {
    const broken: string[] = [];
    for (const page of pages) {
      const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```.*?^```$/gms, '');
      for (const [, link = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        try {
          readFileSync(resolve(root, page, '..', link));
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EISDIR') broken.push(`${page}: ${link}`);
        }
      }
    }
    expect(broken).toEqual([]);
  });
});
