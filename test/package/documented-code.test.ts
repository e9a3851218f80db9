import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConsumerFolder } from '../support/consumer-folder.js';

const root = resolve(import.meta.dirname, '../..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api/'))
    .map((name) => `docs/${name}`),
].sort();

/**
 * The TypeScript programs of a page: each code block marked `ts` that begins with its imports, together with the
 * blocks after it that have none and so go on with it.
 */
function programsOf(page: string): string[] {
  const programs: string[] = [];
  for (const [, body = ''] of page.matchAll(/^```ts\n(.*?)^```$/gms)) {
    if (programs.length === 0 || /^import\b/m.test(body)) programs.push(body);
    else programs[programs.length - 1] += body;
  }
  return programs;
}

/** Packages whose types the pages' programs may use. */
const PEERS = ['better-sqlite3', '@opentelemetry/api', '@opentelemetry/api-logs', 'ajv', 'autoevals'];

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
      for (const [index, program] of programsOf(readFileSync(join(root, page), 'utf8')).entries()) {
        const name = `${page.replaceAll('/', '_').replace(/\.md$/, '')}_${index + 1}.ts`;
        await folder.write(name, `${program}\nexport {};\n`);
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
