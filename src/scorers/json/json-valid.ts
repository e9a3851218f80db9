import type { Scorer } from '../../evaluation/evaluation-types.js';
import { checkOptions } from '../../foundation/options.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { findJson, jsonPlace, type JsonPlace } from './json-extraction.js';

/** Options of {@link jsonValid}. */
export interface JsonValidOptions {
  /** Where the JSON may stand. @default 'whole' */
  readonly place?: JsonPlace | undefined;
}

/** 1 when the answer is JSON (any value: `42` and `null` are JSON), else 0 with the parser's complaint as reason. */
export function jsonValid(options: JsonValidOptions = {}): Scorer {
  const place = checkOptions('jsonValid', options, { place: jsonPlace }).place ?? 'whole';
  return defineScorer(
    conventionText('json-valid', { place }),
    '1',
    ({ output }) => {
      const found = findJson(output, place);
      return found.ok ? true : { score: 0, reason: found.reason };
    },
    { takesJson: true },
  );
}
