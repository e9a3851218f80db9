import type { RunDefinition } from 'assaykit/bullmq';
import { integer } from '../../foundation/options.js';
import type { Command } from '../command.js';
import { QUEUE_OPTIONS, STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { casesOf, closeAll, loadEval, partsOf, type EvalParts } from '../load-eval.js';
import { openShared, type SharedPlace } from '../shared-run.js';

/** `assaykit enqueue eval.mjs`: puts a run into the queue. */
export const enqueue: Command = {
  usage: 'FILE',
  about: `Puts the cases of a file such as eval.mjs into a queue, for \`assaykit worker\` on any
number of machines. The store must be a postgres:// address. The file's rateLimit and
budget hold over all workers. Done again it adds what is missing.`,
  words: { least: 1, most: 1 },
  options: {
    ...STORE_OPTION,
    ...QUEUE_OPTIONS,
    'run-id': { type: 'string', value: 'ID', help: 'names the run (default: the runId of the file)' },
    'batch-size': { type: 'string', value: 'N', help: 'cases that a worker takes together (default 50)' },
    tag: { type: 'string', multiple: true, value: 'TAG', help: 'a tag of the run, for `runs --tag`' },
    requeue: { type: 'boolean', help: 'put the unfinished batches of the run back, and read no cases' },
  },
  run: async ({ given, output }) => {
    const batchSize = given.number('batch-size', integer(1, 1000));
    const definition = await loadEval(given.word(0), ['target', 'evaluator', 'cases']);
    const parts = partsOf(definition);
    const abort = new AbortController();
    const stop = (reason: unknown): void => abort.abort(reason);
    const interruption = new Interruption({ onStop: stop, onAbort: stop });
    let place: SharedPlace | undefined;
    try {
      place = await openShared(given, parts.store);
      const { createRunQueue, enqueueRun, requeueRun } = await import('assaykit/bullmq');
      const runId =
        given.text('run-id') ?? parts.run.runId ?? `run-${new Date().toISOString().replace(/[:.]/g, '-')}`;
      const queue = await createRunQueue(place.queue);
      try {
        if (given.flag('requeue')) {
          const { store } = place;
          const batches = await requeueRun(queue, { runId, store, evaluator: definition.evaluator as never });
          await (output.json
            ? output.jsonLine({ runId, requeued: batches })
            : output.text(`${batches} batches of ${runId} are in the queue again`));
          return EXIT.done;
        }
        const tags = [...new Set([...(parts.run.tags ?? []), ...given.list('tag')])];
        const enqueued = await enqueueRun<unknown, unknown, unknown>(queue, {
          ...definedBy(parts),
          batchSize,
          runId,
          store: place.store,
          cases: (await casesOf(parts)) as never,
          tags: tags.length > 0 ? tags : undefined,
          description: parts.run.description,
          signal: abort.signal,
        });
        await (output.json
          ? output.jsonLine(enqueued)
          : output.text(`${enqueued.cases} cases in ${enqueued.batches} batches: ${runId}`));
        return EXIT.done;
      } catch (error) {
        interruption.throwIfCrashed();
        throw error;
      } finally {
        await queue.close();
      }
    } finally {
      interruption.finish();
      await closeAll(definition, [place?.store]);
      interruption.close();
    }
  },
};

/** What of the file the results of a run depend on, and what holds over all workers. */
function definedBy({
  processor,
}: EvalParts): RunDefinition<unknown, unknown, unknown> &
  Pick<EvalParts['processor'], 'rateLimit' | 'budget'> {
  const { target, evaluator, model, parameters, prompt, repetitions, passThreshold } = processor;
  const { confidenceLevel, labels, rateLimit, budget } = processor;
  return {
    target,
    evaluator,
    model,
    parameters,
    prompt,
    repetitions,
    passThreshold,
    confidenceLevel,
    labels,
    rateLimit,
    budget,
  };
}
