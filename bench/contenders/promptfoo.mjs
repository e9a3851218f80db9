// promptfoo as a library, with its openai provider. `options.database`: it also writes its SQLite database.
// Used so, it keeps 4 HTTP connections whatever maxConcurrency says, unless PROMPTFOO_FETCH_CONNECTIONS is set.
import promptfoo from 'promptfoo';
import { arrayOfCases } from '../cases.mjs';

export async function run({ url, n, c, length, done, options }) {
  const provider = {
    id: 'openai:chat:mock',
    config: { apiBaseUrl: `${url}/v1`, apiKey: 'test', max_tokens: 500, temperature: 0 },
  };
  const tests = arrayOfCases(n, { length }).map(({ prompt, expected }) => ({
    vars: { question: prompt },
    assert: [{ type: 'equals', value: expected }],
  }));
  let firstAt = null;
  const record = await promptfoo.evaluate(
    { prompts: ['{{question}}'], providers: [provider], tests, writeLatestResults: options.database },
    {
      cache: false,
      maxConcurrency: c,
      showProgressBar: false,
      silent: true,
      progressCallback: () => void (firstAt ??= performance.now()),
    },
  );
  const metrics = record.prompts?.[0]?.metrics ?? {};
  for (let i = 0; i < (metrics.testPassCount ?? 0); i++) done(true);
  for (let i = 0; i < (metrics.testFailCount ?? 0) + (metrics.testErrorCount ?? 0); i++) done(false);
  record.benchExtra = { firstMs: firstAt };
  return record;
}
