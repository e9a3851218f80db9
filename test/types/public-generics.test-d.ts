/**
 * Types as hosts meet them. Nothing here runs: `npm run typecheck` fails when an inference breaks, and an error that
 * is expected but does not come fails as well.
 */
import { Near, Same } from '../support/autoevals-shape.js';
import { expectTypeOf } from 'vitest';
import {
  BatchProcessor,
  createEvaluator,
  Evaluator,
  type BatchEvents,
  type CaseResult,
  type Evaluation,
  type EvaluationContext,
  type ModelClient,
  type ModelResponse,
  type ResultStore,
  type RunSummary,
  type Scorer,
  type TestCase,
} from '../../src/index.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { jsonValid } from '../../src/scorers/json/json-valid.js';

interface Question {
  readonly text: string;
  readonly choices: readonly string[];
}
interface Facts {
  readonly level: 'easy' | 'hard';
}
type QuestionCase = TestCase<Question, number, Facts>;

declare const client: ModelClient;
declare const store: ResultStore;
declare const questions: AsyncIterable<QuestionCase>;

// The types of a case flow into target, scorers and evaluator.
const byChoice: Scorer<Question, number, Facts> = ({ input, output, expected, metadata }) => {
  expectTypeOf(input).toEqualTypeOf<Question>();
  expectTypeOf(output).toEqualTypeOf<string>();
  expectTypeOf(expected).toEqualTypeOf<number>();
  expectTypeOf(metadata).toEqualTypeOf<Facts>();
  return input.choices[expected] === output;
};
const evaluator = createEvaluator({ name: 'questions', version: '1', dimensions: { choice: byChoice } });
expectTypeOf(evaluator).toEqualTypeOf<Evaluator<Question, number, Facts>>();

const processor = new BatchProcessor({
  target: async (input: Question, { testCase, repetition, signal }) => {
    expectTypeOf(testCase).toEqualTypeOf<QuestionCase>();
    expectTypeOf(repetition).toEqualTypeOf<number>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    return input.choices[0] ?? '';
  },
  evaluator,
  store,
});
expectTypeOf(processor).toEqualTypeOf<BatchProcessor<Question, number, Facts>>();
expectTypeOf(processor.run(questions)).toEqualTypeOf<Promise<RunSummary>>();
expectTypeOf(processor.stream(questions)).toExtend<AsyncIterable<CaseResult>>();

// Cases of another shape are refused.
declare const texts: readonly TestCase<string, string>[];
// @ts-expect-error -- the cases' input is a string, not a Question
void processor.run(texts);

// A model client answers prompts and messages, nothing else.
const prompts = new BatchProcessor({
  target: client,
  evaluator: createEvaluator({ name: 'n', version: '1', dimensions: { accuracy: exactMatch() } }),
});
void prompts.run([{ id: '1', input: 'Why?' }]);
void prompts.run([{ id: '1', input: [{ role: 'user', content: 'Why?' }] }]);
// @ts-expect-error -- a model cannot be asked a number
void prompts.run([{ id: '1', input: 42 }]);
// @ts-expect-error -- a client cannot answer a Question
new BatchProcessor<Question, number, Facts>({ target: client, evaluator });

// Scorers of autoevals are dimensions as they are.
createEvaluator({ name: 'foreign', version: '1', dimensions: { same: Same, near: Near } });

// A function without annotations takes whatever the cases have.
const unannotated = new BatchProcessor({
  target: async (question) => (String(question).includes('France') ? 'Paris' : 'Lyon'),
  evaluator: createEvaluator({ name: 'capitals', version: '1', dimensions: { accuracy: exactMatch() } }),
});
void unannotated.run([{ id: 'peru', input: 'Capital of Peru?', expected: 'Lima' }]);

// A scorer may return a score, a number, a boolean or null, at once or later, and nothing else.
createEvaluator({
  name: 'shapes',
  version: '1',
  dimensions: {
    full: () => ({ score: 0.5, reason: 'half right', confidence: 0.9 }),
    number: () => 1,
    boolean: async () => true,
    none: () => ({ score: null, reason: 'no text' }),
    weighted: { scorer: () => 1, weight: 2, timeoutMs: 1000 },
  },
  weights: { full: 2 },
});
createEvaluator({
  name: 'wrong',
  version: '1',
  // @ts-expect-error -- a text is no score
  dimensions: { text: () => 'good' },
});
createEvaluator({
  name: 'wrong',
  version: '1',
  dimensions: { accuracy: () => 1 },
  // @ts-expect-error -- there is no such dimension
  weights: { acuracy: 2 },
});

// An evaluator of one's own gets the case with its types.
class OwnEvaluator extends Evaluator<Question, number, Facts> {
  readonly name = 'own';
  readonly version = '1';
  evaluate(response: ModelResponse, { testCase }: EvaluationContext<Question, number, Facts>): Evaluation {
    expectTypeOf(testCase.expected).toEqualTypeOf<number | undefined>();
    expectTypeOf(testCase.metadata).toEqualTypeOf<Facts | undefined>();
    const { name: evaluatorName, version } = this;
    return { evaluator: evaluatorName, version, overallScore: response.text === '' ? 0 : 1, dimensions: [] };
  }
}
new BatchProcessor({ target: async (input: Question) => input.text, evaluator: new OwnEvaluator() });

// An answer that is an object has its type in the scorers that ask for it, beside scorers that take any.
interface City {
  readonly city: string;
}
const inParis: Scorer<string, City, unknown, City> = ({ output, expected }) => output.city === expected.city;
createEvaluator({ name: 'e', version: '1', dimensions: { inParis, valid: jsonValid() } });
createEvaluator({ name: 'e', version: '1', dimensions: { valid: jsonValid(), inParis } });
createEvaluator({
  name: 'e',
  version: '1',
  dimensions: {
    valid: jsonValid(),
    long: ({ output }) => {
      expectTypeOf(output).toEqualTypeOf<string>();
      return output.length > 5;
    },
  },
});
// @ts-expect-error -- a scorer of texts beside one of objects: one of them would fail for every answer
createEvaluator({ name: 'e', version: '1', dimensions: { inParis, same: exactMatch() } });
new BatchProcessor({
  target: async (question: string): Promise<City> => ({ city: question }),
  evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { inParis } }),
});
new BatchProcessor({
  target: (question: string) => ({
    output: { city: question },
    contexts: ['a', { id: 'b' }],
    toolCalls: [{ name: 'f' }],
  }),
  evaluator: createEvaluator({ name: 'e', version: '1', dimensions: { inParis } }),
});
// @ts-expect-error -- nothing is no answer
new BatchProcessor({ target: async (_question: string) => {}, evaluator });

// A result is told apart by its outcome.
declare const result: CaseResult;
if (result.outcome === 'scored') {
  expectTypeOf(result.evaluation.overallScore).toEqualTypeOf<number>();
  expectTypeOf(result.error).toEqualTypeOf<undefined>();
} else if (result.outcome === 'unscored') {
  expectTypeOf(result.reason).toEqualTypeOf<string>();
} else {
  expectTypeOf(result.error.code).toExtend<string>();
  expectTypeOf(result.response?.text).toEqualTypeOf<string | undefined>();
}

// Events carry their own payload; unknown events and writing to a payload are refused.
processor.on('case:end', (event) => {
  expectTypeOf(event).toEqualTypeOf<BatchEvents['case:end']>();
  // @ts-expect-error -- payloads are readonly
  event.runId = 'another';
});
expectTypeOf(processor.on('progress', () => {})).toEqualTypeOf<() => void>();
// @ts-expect-error -- no such event
processor.on('case:ended', () => {});
// @ts-expect-error -- only the source itself emits
processor.emit('case:end', undefined as never);

// Options are readonly and known.
// @ts-expect-error -- a misspelt option
new BatchProcessor({ target: async () => '', evaluator, concurency: 4 });
