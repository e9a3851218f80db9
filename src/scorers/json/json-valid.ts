import type { AnyOutputScorer } from '../../evaluation/evaluation-types.js';
import { checkOptions } from '../../foundation/options.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import { isFound } from '../reading/reading.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';
import {
  findJson,
  jsonEvidence,
  jsonReadingChecks,
  jsonReadingConvention,
  plainFit,
  type JsonReadingOptions,
} from './json-extraction.js';

/** Options of {@link jsonValid}. */
export interface JsonValidOptions extends JsonReadingOptions, ReasoningOptions {}

/**
 * 1 when the answer is JSON (any value: `42` and `null` are JSON), else 0 with the parser's complaint as reason. Nothing
 * is mended. In prose only objects and lists count that are no citation marks (`[1]`).
 */
export function jsonValid(options: JsonValidOptions = {}): AnyOutputScorer {
  const checked = checkOptions('jsonValid', options, { ...jsonReadingChecks, reasoning: reasoningHandling });
  return defineScorer(
    { convention: conventionText('json-valid', jsonReadingConvention(checked)), version: '2' },
    ({ output }) => {
      const found = findJson(output, { ...checked, place: checked.place ?? 'auto', lineBreaks: false });
      if (!isFound(found)) return { score: 0, reason: found.reason };
      const [best] = found.value;
      if (best.tier !== 'embedded' || plainFit(best.value) > 0)
        return { score: 1, ...jsonEvidence(output, best) };
      return { score: 0, reason: 'not JSON: only a mark in brackets was found' };
    },
    { ...checked, takesJson: true },
  ) as AnyOutputScorer;
}
