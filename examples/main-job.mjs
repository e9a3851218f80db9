// The main job, end to end: test cases over HTTP through an evaluator into a database, with a progress bar.
// Without options it asks a fake model server on this machine; with --base-url it evaluates that server for real.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import {
  AssayError,
  BatchProcessor,
  LoadBalancedClient,
  createEvaluator,
  defineScorer,
  includes,
  number,
  readCsv,
  readJsonl,
  terminalProgress,
} from 'assaykit';
import { SqliteResultStore } from 'assaykit/sqlite';
import { startFakeModelServer } from 'assaykit/testing';
import { sampleAnswers, sampleCases } from './sample-cases.mjs';

const HELP = `Evaluates a model over HTTP and stores the results in SQLite.

  npm start                       asks a fake model server on this machine 240 sample questions
  npm start -- [options]

  --base-url URL       an OpenAI-compatible server, e.g. http://localhost:8000/v1
  --model NAME         the model to ask there
  --api-key-env NAME   the environment variable that holds the key
  --cases FILE         test cases, JSON Lines or CSV, with the fields id, input and expected
  --store FILE         SQLite database for the results (default results/assaykit.db)
  --concurrency N      cases in flight at once (default 16)
  --run-id ID          name of the run; a run that is known is resumed
  --help               this text
`;

/** An error of the command line: its message is all that the user needs. */
class UsageError extends Error {}

function readOptions(args) {
  let values;
  try {
    const string = { type: 'string' };
    ({ values } = parseArgs({
      args,
      options: {
        'base-url': string,
        model: string,
        'api-key-env': string,
        cases: string,
        store: { ...string, default: 'results/assaykit.db' },
        concurrency: { ...string, default: '16' },
        'run-id': string,
        help: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error.message, { cause: error });
  }
  const concurrency = Number(values.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new UsageError(`--concurrency must be a whole number >= 1, got '${values.concurrency}'`);
  }
  const baseUrl = values['base-url'];
  if (baseUrl !== undefined && !/^https?:$/.test(URL.canParse(baseUrl) ? new URL(baseUrl).protocol : '')) {
    throw new UsageError(`--base-url must be a URL such as http://localhost:8000/v1, got '${baseUrl}'`);
  }
  if (baseUrl !== undefined && values.model === undefined) {
    throw new UsageError('--base-url needs --model, the name of the model to ask there');
  }
  if (baseUrl === undefined && values.cases !== undefined) {
    throw new UsageError(
      '--cases needs --base-url: the fake server knows the answers of the sample questions only',
    );
  }
  const keyName = values['api-key-env'];
  const apiKey = keyName === undefined ? undefined : process.env[keyName];
  if (keyName !== undefined && !apiKey)
    throw new UsageError(`the environment variable ${keyName} is not set`);
  return { ...values, baseUrl, apiKey, concurrency, runId: values['run-id'] };
}

const oneLine = (text) => {
  const line = String(text ?? '').replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
};

/** The cases with the lowest scores, as the store has them: what was asked, answered and expected, and why it counted so. */
async function printWorst(store, runId) {
  const worst = store.query({ runId, outcome: 'scored', order: 'lowest-first', limit: 3, withCase: true });
  for await (const { caseId, evaluation, response, testCase } of worst) {
    if (evaluation.overallScore === 1) return;
    const reasons = evaluation.dimensions.flatMap(({ reason }) => reason ?? []);
    console.log(`${evaluation.overallScore.toFixed(2)}  ${caseId}`);
    console.log(`  asked     ${oneLine(JSON.stringify(testCase?.input))}`);
    console.log(`  answered  ${oneLine(response.text)}`);
    console.log(`  expected  ${oneLine(testCase?.expected)}`);
    if (reasons.length > 0) console.log(`  because   ${oneLine(reasons.join('; '))}`);
  }
}

/** 1 when the answer has the expected number (if it is one) or the expected text, in whatever case. */
function accuracy() {
  const byNumber = number({ noMatch: 'wrong' });
  const byText = includes({ ignoreCase: true });
  const convention = `accuracy(${byNumber.convention}|${byText.convention})`;
  return defineScorer({ convention, version: '1' }, (args) => {
    const isNumber = /^-?\d[\d,]*(\.\d+)?$/.test(String(args.expected ?? ''));
    const found = isNumber ? byNumber(args) : byText(args);
    if (found !== false && found?.score !== 0) return found;
    const read = isNumber
      ? `read the number ${found.label ?? '?'}`
      : 'the expected text is not in the answer';
    return { score: 0, label: found.label, reason: read };
  });
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(HELP);

  const fake =
    options.baseUrl === undefined
      ? await startFakeModelServer({
          responses: sampleAnswers(),
          latencyMs: 60,
          jitter: 0.6,
          errorRate: 0.02, // these are tried again
          status429: 0.01,
          retryAfterMs: 100,
          seed: 2,
        })
      : undefined;
  const client = new LoadBalancedClient({
    endpoints: [options.baseUrl ?? fake.url],
    model: options.model ?? 'sample-model',
    apiKey: options.apiKey,
    parameters: { temperature: 0 },
  });
  await mkdir(dirname(options.store), { recursive: true });
  const store = new SqliteResultStore(options.store);
  const processor = new BatchProcessor({
    target: client,
    evaluator: createEvaluator({ name: 'main-job', version: '1', dimensions: { accuracy: accuracy() } }),
    store,
    concurrency: options.concurrency,
    budget: { maxErrorRate: 0.9 }, // a server that is down ends the run soon
  });
  const progress = terminalProgress(processor);
  let firstError;
  processor.on('case:end', ({ result }) => (firstError ??= result.error));
  // Ctrl-C: what is done is kept, what is in flight gets half a second more; a resumed run does the rest.
  const drain = () => void processor.drain({ timeoutMs: 500 });
  process.once('SIGINT', drain);

  try {
    if (fake !== undefined) console.log(`Asking a fake model server at ${fake.url}\n`);
    const file = options.cases;
    const cases =
      file === undefined ? [...sampleCases()] : /\.csv$/i.test(file) ? readCsv(file) : readJsonl(file);
    const { runId } = options;
    const summary = await processor.run(cases, runId === undefined ? {} : { runId, resume: true });
    progress.close();
    console.log(`\n${summary.toString()}\n`);
    await printWorst(store, summary.runId);
    console.log('');
    if (firstError !== undefined) console.log(`First error: ${firstError.code}: ${firstError.message}`);
    if (summary.errored === summary.submitted) {
      console.log('Every case failed.');
      process.exitCode = 1;
    }
    console.log(`Results: ${options.store} (tables evaluation_results and batch_summaries)`);
    if (summary.stopReason !== 'end') {
      const why = summary.stopReason === 'budget' ? 'nearly every case fails' : summary.stopReason;
      console.log(`Ended early: ${why}. Go on with the same options and --run-id ${summary.runId}`);
      process.exitCode = 1;
    }
    if (fake !== undefined) {
      console.log(`
Now with your own server and cases:
  npm start -- --base-url http://localhost:8000/v1 --model llama-3.1-8b --cases cases.jsonl
  (--api-key-env OPENAI_API_KEY for a server that wants a key; --help for all options)
A line of cases.jsonl: {"id": "france", "input": "What is the capital of France?", "expected": "Paris"}`);
    }
  } finally {
    process.off('SIGINT', drain);
    progress.close();
    await processor.close();
    await client.close();
    await store.close();
    await fake?.close();
  }
}

try {
  await main();
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\nTry npm start -- --help`);
    process.exitCode = 2;
  } else if (AssayError.is(error)) {
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
