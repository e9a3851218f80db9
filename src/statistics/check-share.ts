import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';

/**
 * Throws unless `value` is a number from 0 to 1. `null` is none: a bare comparison would take it for 0.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT`
 */
export function checkShare(what: string, value: unknown): void {
  if (typeof value === 'number' && value >= 0 && value <= 1) return;
  throw new AssayError('ASSAY_INVALID_INPUT', `Expected ${what} from 0 to 1, got ${show(value)}`);
}
