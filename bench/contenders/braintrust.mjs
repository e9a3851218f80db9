// Braintrust's Eval(), kept local with noSendLogs. Its scorer counts.
import { Eval } from 'braintrust';
import { arrayOfCases, chatBody } from '../cases.mjs';

export async function run({ url, n, c, length, done }) {
  const target = `${url}/v1/chat/completions`;
  const headers = { 'content-type': 'application/json' };
  return Eval(
    'bench',
    {
      data: () => arrayOfCases(n, { length }).map(({ prompt, expected }) => ({ input: prompt, expected })),
      task: async (prompt) => {
        const reply = await fetch(target, {
          method: 'POST',
          headers,
          body: JSON.stringify(chatBody({ prompt })),
        });
        const parsed = await reply.json();
        return parsed.choices[0].message.content;
      },
      scores: [
        ({ output, expected }) => {
          done(output === expected);
          return { name: 'exact', score: output === expected ? 1 : 0 };
        },
      ],
      maxConcurrency: c,
    },
    {
      noSendLogs: true,
      progress: { start() {}, stop() {}, increment() {}, setTotal() {} },
      reporter: { name: 'quiet', reportEval: () => true, reportRun: () => true },
    },
  );
}
