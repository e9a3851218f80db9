import { stableHash } from '../foundation/stable-hash.js';
import type { Evaluator } from './evaluator.js';

/**
 * Hash of the conventions and the configuration that an evaluator scores by: results carry it, so that runs that were not
 * scored alike are told apart also where no manifest came with them.
 */
export function scoringHash(evaluator: Pick<Evaluator, 'configuration' | 'conventions'>): string {
  return stableHash([evaluator.conventions ?? {}, evaluator.configuration ?? {}]).slice(0, 16);
}
