// An evaluator of your own: subclass Evaluator. What it throws makes its case errored and nothing else.
import { BatchProcessor, Evaluator } from 'assaykit';

/** Judges a summary by its length and by the facts that it keeps. */
class SummaryEvaluator extends Evaluator {
  name = 'summary';
  version = '1'; // change it whenever the same answer may get another score
  dimensions = ['coverage', 'length'];

  constructor({ maxWords }) {
    super();
    this.configuration = { maxWords }; // part of cache keys and of the run's manifest
  }

  evaluate(response, { testCase }) {
    const words = response.text.split(/\s+/).length;
    const missing = testCase.expected.filter((fact) => !response.text.includes(fact));
    const coverage = 1 - missing.length / testCase.expected.length;
    const length = Math.min(1, this.configuration.maxWords / words);
    return {
      overallScore: 0.7 * coverage + 0.3 * length,
      passed: missing.length === 0,
      dimensions: [
        {
          name: 'coverage',
          outcome: 'scored',
          score: coverage,
          evidence: missing.map((fact) => `missing: ${fact}`),
        },
        { name: 'length', outcome: 'scored', score: length, reason: `${words} words` },
      ],
    };
  }
}

const evaluator = new SummaryEvaluator({ maxWords: 12 });

// by itself, for a text
const judged = await evaluator.evaluateText('The bridge opened in 1932.', {
  id: 'one-off',
  input: '',
  expected: ['1932', 'Sydney'],
});
console.log('one-off', judged.overallScore.toFixed(2), judged.dimensions[0].evidence.join('; '));

// in a run
const summaries = {
  bridge: 'The Sydney bridge opened in 1932.',
  canal: 'A canal joins two oceans.',
  dam: 'The dam on the Colorado was finished in 1936.',
  lighthouse: 'The lighthouse of Alexandria stood on Pharos.',
  tower: 'A tower stands in Paris, and it is very tall, made of iron, and many people visit it each year.',
  tunnel: 'Since 1994 a tunnel joins England and France.',
};
const processor = new BatchProcessor({ target: async (key) => summaries[key], evaluator });
const summary = await processor.run([
  { id: 'bridge', input: 'bridge', expected: ['Sydney', '1932'] },
  { id: 'canal', input: 'canal', expected: ['Panama', '1914'] },
  { id: 'dam', input: 'dam', expected: ['Colorado', '1936'] },
  { id: 'lighthouse', input: 'lighthouse', expected: ['Alexandria', 'Pharos'] },
  { id: 'tower', input: 'tower', expected: ['Paris', '1889'] },
  { id: 'tunnel', input: 'tunnel', expected: ['1994', 'England', 'France'] },
]);
console.log(summary.toString());
await processor.close();
