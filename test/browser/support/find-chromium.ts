import { chromiumPath } from './chromium-path.js';

/** Looks for the browser once, before any test: without one the tests are skipped with one line, except in CI. */
export default async function findChromium(): Promise<void> {
  const path = await chromiumPath();
  if (path !== undefined) process.env['ASSAYKIT_CHROMIUM'] = path;
  else if (process.env['CI'] !== undefined)
    throw new Error('No browser: set CHROMIUM to the path of a Chromium');
  else console.log('SKIPPED: tests in a browser (set CHROMIUM to the path of a Chromium to run them)');
}
