import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The parsed file `test/reference/<name>.json`: inputs of our own and what the reference implementation makes of them. */
export const readReference = <T>(name: string): T =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, `../reference/${name}.json`), 'utf8')) as T;
