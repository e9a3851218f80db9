// A whole case without a model (function target, evaluator, results, summary) against one task of p-queue.
import { BatchProcessor, createEvaluator, exactMatch } from 'assaykit';
import PQueue from 'p-queue';

const CASES = 1000;

export function comparisons() {
  const evaluator = createEvaluator({ name: 'micro', version: '1', dimensions: { same: exactMatch() } });
  const cases = Array.from({ length: CASES }, (_, i) => ({
    id: `${i}`,
    input: `question ${i}`,
    expected: 'answer',
  }));
  const answer = async () => 'answer';
  return [
    {
      name: 'a case through BatchProcessor, function target',
      run: async () => {
        const processor = new BatchProcessor({ target: answer, evaluator, concurrency: 64 });
        await processor.run(cases);
      },
      bare: 'p-queue add, bounded',
      runBare: async () => {
        const queue = new PQueue({ concurrency: 64 });
        for (let i = 0; i < CASES; i++) {
          if (queue.size >= 64) await queue.onSizeLessThan(64);
          void queue.add(answer);
        }
        await queue.onIdle();
      },
      operations: CASES,
    },
  ];
}
