// What enqueuing, workers and the one process that they are compared with have in common.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEvaluator, exactMatch, LoadBalancedClient } from '../../dist/index.js';

/** Cases with groups, clusters and metadata; one in ten is answered wrongly, one in fifty fails, one in forty is unscored. */
export function* cases(count) {
  for (let i = 0; i < count; i++)
    yield {
      id: `case-${i}`,
      input: `question ${i}`,
      expected: `answer ${i}`,
      group: `group ${i % 7}`,
      cluster: `cluster ${i % 400}`,
      metadata: { number: i },
    };
}

/** The run's definition. Each call is noted in `log` before it is made, as a bill would. */
export function definition({ latencyMs, log, version = '1', poison, modelUrl }) {
  return {
    target:
      modelUrl === undefined
        ? localModel({ latencyMs, log, poison })
        : new LoadBalancedClient({ endpoints: [modelUrl], model: 'mock' }),
    evaluator: createEvaluator({
      name: 'distributed',
      version,
      dimensions: {
        exact: exactMatch(),
        length: ({ input, output }) =>
          Number(input.slice('question '.length)) % 40 === 9
            ? { score: null, reason: 'not asked' }
            : 1 / output.length,
      },
    }),
  };
}

/** A model on this machine. */
function localModel({ latencyMs, log, poison }) {
  return async function model(input) {
    const number = Number(input.slice('question '.length));
    if (log !== undefined) appendFileSync(log, `${number} ${process.pid}\n`);
    if (poison === number) process.kill(process.pid, 'SIGKILL');
    if (latencyMs > 0) await sleep(latencyMs * (0.5 + (number % 11) / 10));
    if (number % 50 === 17) throw new Error(`no answer to ${number}`);
    return {
      output: number % 10 === 3 ? 'wrong' : `answer ${number}`,
      usage: { inputTokens: 10, outputTokens: number % 13 },
      cost: 0.001 * (number % 5),
    };
  };
}
