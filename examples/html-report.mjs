// Two runs over the 240 sample cases, and one HTML page that says what got worse: open `report.html`, or name another file.
//   node examples/html-report.mjs [file]
import { BatchProcessor, MemoryResultStore, createEvaluator, includes, number } from 'assaykit';
import { writeHtmlReport } from 'assaykit/report';
import { sampleAnswers, sampleCases } from './sample-cases.mjs';

const path = process.argv[2] ?? 'report.html';
const store = new MemoryResultStore();

const asNumber = number();
const asText = includes();
const evaluator = createEvaluator({
  name: 'sample',
  version: '1',
  passThreshold: 0.7,
  weights: { accuracy: 3, brevity: 1 },
  dimensions: {
    accuracy: (args) => (/^\d/.test(args.expected ?? '') ? asNumber(args) : asText(args)),
    brevity: ({ output }) => Math.max(0, 1 - output.length / 120),
  },
});

const answers = sampleAnswers();
/** Yesterday's model: the recorded answers. */
function before(question) {
  const answer = answers.get(question);
  if (typeof answer !== 'string') throw new Error('the server answered 502');
  return answer;
}
/** Today's model knows more capitals, and rounds before it multiplies. */
function now(question) {
  const answer = before(question);
  if (question.startsWith('What is the capital')) return `The capital is ${expected.get(question)}.`;
  const [, wrong] = / (\d*[02468])\.?$/.exec(answer) ?? [];
  if (wrong === undefined || !/kilo|kg/.test(question)) return answer;
  return `Let me round first, and then multiply step by step. That makes ${Number(wrong) + 10}.`;
}

const cases = [...sampleCases()];
const expected = new Map(cases.map(({ input, expected: answer }) => [input, answer]));
for (const [runId, target] of [
  ['monday', before],
  ['tuesday', now],
]) {
  const processor = new BatchProcessor({ target, evaluator, store });
  await processor.run(cases, { runId, description: 'Sums and capitals' });
  await processor.close();
}

const report = await writeHtmlReport(store, { runId: 'tuesday', baselineRunId: 'monday', path });
console.log(
  `${report.path}: ${report.cases} of ${report.results} cases, ${Math.round(report.bytes / 1000)} kB`,
);
await store.close();
