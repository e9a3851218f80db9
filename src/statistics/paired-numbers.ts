import { AssayError } from '../errors.js';

/**
 * Throws unless both lists are of one length.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` naming both lengths.
 */
export function checkSameLength(what: string, a: { length: number }, b: { length: number }): void {
  if (a.length === b.length) return;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected ${what} to be two lists of one length, got ${a.length} and ${b.length}`,
  );
}
