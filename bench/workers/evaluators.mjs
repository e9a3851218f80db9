/** The evaluator of the worker benches: does as much work as the answer's text says, `work:<microseconds>`. */
import { Evaluator } from '../../dist/evaluation/evaluator.js';

export default class WorkEvaluator extends Evaluator {
  name = 'work';
  version = '1';

  evaluate(response) {
    return judge(response.text);
  }
}

/** Spins for the time that the text names and gives a small evaluation. */
export function judge(text) {
  const us = Number(text.slice(text.indexOf(':') + 1, text.indexOf(' ')));
  const end = performance.now() + us / 1000;
  while (us > 0 && performance.now() < end);
  return {
    evaluator: 'work',
    version: '1',
    overallScore: 1,
    dimensions: [{ name: 'score', outcome: 'scored', score: 1, durationMs: us / 1000 }],
  };
}
