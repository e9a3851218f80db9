import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe } from 'vitest';
import { dataFolder, dataPresent } from './data-folder.js';

/** A suite on the real data sets; skipped where they are absent (a plain clone). */
export function describeWithData(title: string, suite: () => void): void {
  if (dataPresent) describe(title, suite);
  else describe.skip(`${title} (skipped: no real data at ${dataFolder}; set ASSAYKIT_DATA)`, suite);
}

/** Path of a file of the real data. */
export const dataPath = (name: string): string => resolve(dataFolder, name);

/** A parsed JSON file of the real data. */
export const readDataJson = <T>(name: string): T => JSON.parse(readFileSync(dataPath(name), 'utf8')) as T;

/** The rows of a JSONL file of the real data. */
export const readDataLines = <T>(name: string): T[] =>
  readFileSync(dataPath(name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
