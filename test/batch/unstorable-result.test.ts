import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import type { CaseResult, TestCase } from '../../src/evaluation/evaluation-types.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { textResponse } from '../../src/evaluation/evaluator.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

type Part = 'metadata' | 'raw' | 'evaluation' | 'nothing';
type Case = TestCase<string, string>;

const circular = (): Record<string, unknown> => {
  const value: Record<string, unknown> = { name: 'itself' };
  value['self'] = value;
  return value;
};
const throwing = (): Record<string, unknown> => ({
  get broken() {
    throw new Error('this getter throws');
  },
});
const nested = (levels: number): Record<string, unknown> => {
  let value: Record<string, unknown> = {};
  for (let i = 0; i < levels; i++) value = { value };
  return value;
};

/** Five cases of which the third has something odd in one part. */
async function run(part: Part, odd: Record<string, unknown>, store?: MemoryResultStore) {
  const results = new Map<string, CaseResult>();
  const processor = new BatchProcessor<string, string>({
    target: async (input) => ({
      ...textResponse(input),
      ...(part === 'raw' && input === 'text 2' ? { raw: odd } : {}),
    }),
    evaluator: createEvaluator<string, string>({
      name: 'same',
      version: '1',
      dimensions: {
        same: ({ output }) => ({
          score: 1,
          ...(part === 'evaluation' && output === 'text 2' ? { metadata: odd } : {}),
        }),
      },
    }),
    store,
  });
  processor.on('case:end', ({ result }) => void results.set(result.caseId, result));
  const cases = Array.from({ length: 5 }, (_, i): Case => {
    const metadata = part === 'metadata' && i === 2 ? { metadata: odd } : {};
    return { id: `case-${i}`, input: `text ${i}`, ...metadata };
  });
  const summary = await processor.run(cases, { runId: 'odd' });
  return { summary, odd: results.get('case-2')! };
}

async function stored(store: MemoryResultStore): Promise<Map<string, CaseResult>> {
  const found = new Map<string, CaseResult>();
  for await (const result of store.query()) found.set(result.caseId, result);
  return found;
}

describe('a result that no store can hold', () => {
  it.each([
    [
      'metadata',
      circular(),
      'ASSAY_INVALID_CASE',
      '`metadata` of the case cannot be stored: it contains itself',
    ],
    ['raw', throwing(), 'ASSAY_TARGET_FAILED', "the target's answer cannot be stored: this getter throws"],
    [
      'evaluation',
      nested(20_000),
      'ASSAY_EVALUATOR_FAILED',
      /^the evaluation cannot be stored: it is nested deeper/,
    ],
  ] as const)('is errored alone when its %s is to blame', async (part, odd, code, message) => {
    const store = new MemoryResultStore();
    const { summary, odd: result } = await run(part, odd, store);

    expect(summary).toMatchObject({ submitted: 5, scored: 4, errored: 1, stopReason: 'end' });
    expect(result.error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(result.evaluation).toBeUndefined();
    const kept = await stored(store);
    expect(kept.size).toBe(5);
    expect(kept.get('case-2')).toEqual(result);
  });

  it('keeps what can be stored beside it', async () => {
    const { odd: result } = await run('raw', circular(), new MemoryResultStore());

    expect(result.response).toEqual({ text: 'text 2', finishReason: 'stop', requestId: null });
  });

  it('is scored where nothing is stored', async () => {
    const { summary } = await run('metadata', circular());

    expect(summary).toMatchObject({ scored: 5, errored: 0 });
  });

  it('is not taken for one that needs tags', async () => {
    const store = new MemoryResultStore();
    const odd = {
      at: new Date(0),
      big: 1n,
      missing: undefined,
      map: new Map([[1, nested(900)]]),
      rows: [-0],
    };
    const { summary } = await run('metadata', odd, store);

    expect(summary).toMatchObject({ scored: 5, errored: 0 });
    expect((await stored(store)).get('case-2')?.metadata).toEqual(odd);
  });
});
