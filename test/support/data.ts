import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe } from 'vitest';

const asked = process.env['ASSAYKIT_DATA'];
const folder = resolve(asked ?? '../shared/data');
const present = existsSync(folder);
if (asked !== undefined && !present) throw new Error(`ASSAYKIT_DATA names ${folder}, which does not exist`);

/**
 * A suite on the real data sets. Where they are absent (a plain clone) it is skipped with one visible line;
 * with ASSAYKIT_DATA set they must be there.
 */
export function describeWithData(title: string, suite: () => void): void {
  if (present) describe(title, suite);
  else describe.skip(`${title} (skipped: no real data at ${folder}; set ASSAYKIT_DATA)`, suite);
}

/** Path of a file of the real data. */
export const dataPath = (name: string): string => resolve(folder, name);

/** A parsed JSON file of the real data. */
export const readDataJson = <T>(name: string): T => JSON.parse(readFileSync(dataPath(name), 'utf8')) as T;

/** The rows of a JSONL file of the real data. */
export const readDataLines = <T>(name: string): T[] =>
  readFileSync(dataPath(name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
