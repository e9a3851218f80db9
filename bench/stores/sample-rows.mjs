// Results of about 2.3 KB of JSON with six dimensions and answers of 0.7 to 1.3 KB, as evaluations of chat models
// give. Request ids have the form and length of a model server's (vLLM's here, 41 characters): they matter because V8
// keeps one copy of every string of at most 10 characters that it parses, and a short id that is never seen again stays
// in the heap until a full collection. Deterministic.
import { seededRandom } from '../../dist/foundation/seeded-random.js';

const words =
  'the model answers that a river of time is not what it seems because every measure of it depends on who asks and how often while the evidence for either side stays thin and so we return to the question'.split(
    ' ',
  );
const hex = (random) =>
  Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
const dimensions = ['accuracy', 'coherence', 'completeness', 'style', 'safety', 'relevance'];

export function sampleRows(
  count,
  { runId = 'nightly-42', models = ['llama-3.1-8b', 'qwen-2.5-7b'], first = 0 } = {},
) {
  const random = seededRandom(42 + first);
  return Array.from({ length: count }, (_, i) => {
    const number = first + i;
    const length = 700 + Math.floor(random() * 600);
    let text = '';
    while (text.length < length) text += `${words[Math.floor(random() * words.length)]} `;
    const scores = dimensions.map(() => Math.round(random() * 100) / 100);
    return {
      runId,
      caseId: `category-${number % 20}/case-${String(number).padStart(7, '0')}`,
      repetition: 0,
      model: models[number % models.length],
      endpoint: 'http://127.0.0.1:8000/v1',
      attempts: 1,
      usage: { inputTokens: 120 + (number % 50), outputTokens: Math.floor(length / 4) },
      cost: null,
      cached: false,
      timings: {
        queuedMs: 0.2,
        targetMs: 400 + random() * 900,
        timeToFirstTokenMs: null,
        evaluationMs: 1.25,
      },
      startedAt: 1_700_000_000_000 + number * 10,
      outcome: 'scored',
      evaluation: {
        evaluator: 'bench',
        version: '1',
        overallScore: scores.reduce((sum, score) => sum + score, 0) / scores.length,
        dimensions: dimensions.map((name, k) => ({
          name,
          outcome: 'scored',
          score: scores[k],
          confidence: 0.9,
          evidence: [text.slice(0, 40)],
          durationMs: 0.05,
        })),
      },
      response: {
        text,
        finishReason: 'stop',
        requestId: `chatcmpl-${Array.from({ length: 4 }, () => hex(random)).join('')}`,
      },
    };
  });
}

/** The manifest of a run of a bench. */
export const benchManifest = (runId) => ({
  runId,
  evaluator: 'bench',
  evaluatorVersion: '1',
  configurationHash: 'bench',
  conventions: {},
  target: { model: 'bench' },
  repetitions: 1,
  startedAt: 1_700_000_000_000,
  packageVersion: 'bench',
});

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
export const quantile = (values, q) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];
