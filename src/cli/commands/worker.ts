import { messageOf } from '../../errors.js';
import { integer, number } from '../../foundation/options.js';
import { redactKeys } from '../../foundation/key-like.js';
import type { Command } from '../command.js';
import { QUEUE_OPTIONS, STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { closeAll, loadEval, partsOf } from '../load-eval.js';
import { openShared, type SharedPlace } from '../shared-run.js';

/** `assaykit worker eval.mjs`: works on the runs of a queue. */
export const worker: Command = {
  usage: 'FILE',
  about: `Works on the runs that \`assaykit enqueue\` has put into a queue, with the target and
evaluator of a file such as eval.mjs; runs that it would do otherwise are left to others.
SIGTERM and Ctrl-C end it: what is in flight is finished and stored, the rest goes back.`,
  words: { least: 1, most: 1 },
  options: {
    ...STORE_OPTION,
    ...QUEUE_OPTIONS,
    concurrency: {
      type: 'string',
      value: 'N',
      help: 'cases in flight at once (default: the file’s, else 16)',
    },
    grace: { type: 'string', value: 'SECONDS', help: 'how long a signal waits for answers (default 20)' },
    quiet: { type: 'boolean', short: 'q', help: 'say nothing of batches' },
  },
  run: async ({ given, output }) => {
    const asked = given.number('concurrency', integer(1));
    const timeoutMs = (given.number('grace', number(0, 86_400)) ?? 20) * 1000;
    const definition = await loadEval(given.word(0), ['target', 'evaluator']);
    const parts = partsOf(definition);
    let place: SharedPlace | undefined;
    let told: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (told = resolve));
    const interruption = new Interruption({ onStop: () => told?.(), onAbort: () => told?.() });
    try {
      place = await openShared(given, parts.store);
      const { createBatchWorker } = await import('assaykit/bullmq');
      const {
        batchSize: _batchSize, // of a run in one process
        queueSize: _queueSize,
        flushIntervalMs: _flushIntervalMs,
        progressIntervalMs: _progressIntervalMs,
        rateLimit: _rateLimit, // of the run, which has it from `enqueue`
        budget: _budget,
        keepCases: _keepCases,
        leaseMs: _leaseMs,
        random: _random,
        ...processor
      } = parts.processor;
      const working = await createBatchWorker<unknown, unknown, unknown>({
        ...processor,
        ...place.queue,
        store: place.store,
        concurrency: asked ?? processor.concurrency,
      });
      const note = (text: string): void => {
        if (!given.flag('quiet')) output.note(text);
      };
      working.on('distributed:batch-end', ({ runId, batch, outcome, error }) =>
        note(`${runId} batch ${batch}: ${outcome}${reasonOf(error)}`),
      );
      working.on('distributed:run-end', ({ runId }) => note(`${runId}: ended`));
      working.on('distributed:queue-error', ({ error }) => note(`the queue:${reasonOf(error)}`));
      note('Waiting for batches; Ctrl-C ends after those in flight.');
      await ended;
      await working.close({ timeoutMs });
      interruption.throwIfCrashed();
      return EXIT.done;
    } finally {
      interruption.finish();
      await closeAll(definition, [place?.store]);
      interruption.close();
    }
  },
};

const reasonOf = (error: unknown): string => (error === undefined ? '' : ` ${redactKeys(messageOf(error))}`);
