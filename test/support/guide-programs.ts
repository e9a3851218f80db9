import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '../..');

/** A TypeScript program of a page. */
export interface GuideProgram {
  /** The file that it stands for, where the block names one (` ```ts journal-store.ts`): other blocks import it. */
  readonly file: string | undefined;
  readonly text: string;
}

/**
 * The TypeScript programs of a page: each code block marked `ts` that begins with its imports, together with the
 * blocks after it that have none and so go on with it.
 */
export function programsOf(page: string): GuideProgram[] {
  const programs: { file: string | undefined; text: string }[] = [];
  const text = readFileSync(join(root, page), 'utf8');
  for (const [, file, body = ''] of text.matchAll(/^```ts(?: ([\w.-]+))?\n(.*?)^```$/gms)) {
    const last = programs.at(-1);
    if (last === undefined || file !== undefined || /^import\b/m.test(body))
      programs.push({ file, text: body });
    else last.text += body;
  }
  return programs;
}

/** The JavaScript of the program of a page that stands for a file; a block marked `js` is taken as it is. */
export function compiledProgram(page: string, file: string): string {
  const written = file.endsWith('.js') ? blockOf(page, file) : undefined;
  if (written !== undefined) return written;
  const program = programsOf(page).find((each) => each.file === file);
  if (program === undefined) throw new Error(`${page} has no program called ${file}`);
  return ts.transpileModule(program.text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  }).outputText;
}

function blockOf(page: string, file: string): string | undefined {
  const begin = `\`\`\`js ${file}\n`;
  const text = readFileSync(join(root, page), 'utf8');
  const from = text.indexOf(begin);
  return from === -1 ? undefined : text.slice(from + begin.length, text.indexOf('\n```', from) + 1);
}
