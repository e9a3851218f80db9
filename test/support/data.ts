import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'vitest';
import { dataFolder, dataPresent } from './data-folder.js';

/** Stands in every title, so that `npm run test:data` finds these suites and no others. */
const MARK = '(real data)';

/** A suite on the real data sets. Where they are absent (a plain clone) it is skipped without being collected. */
export function describeWithData(title: string, suite: () => void): void {
  if (dataPresent) describe(`${title} ${MARK}`, suite);
  else describe.skip(`${title} ${MARK}`, () => it('needs ASSAYKIT_DATA', () => undefined));
}

/** One test on the real data sets, skipped where they are absent. */
export function itWithData(title: string, test: () => void | Promise<void>): void {
  it.skipIf(!dataPresent)(`${title} ${MARK}`, test);
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
