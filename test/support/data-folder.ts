import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const asked = process.env['ASSAYKIT_DATA'] || undefined; // an empty value asks for nothing

/** Where the real data sets are, or would be. */
export const dataFolder = resolve(asked ?? '../shared/data');

/** Whether they are there. With ASSAYKIT_DATA set they must be. */
export const dataPresent = existsSync(dataFolder);
if (asked !== undefined && !dataPresent)
  throw new Error(`ASSAYKIT_DATA names ${dataFolder}, which does not exist`);

/** Vitest calls it once before all suites: says in one visible line what a plain clone cannot run. */
export default function announce(): void {
  if (dataPresent) return;
  console.warn(
    `Skipping the suites on real data: none at ${dataFolder}; ASSAYKIT_DATA=folder names another place`,
  );
}
