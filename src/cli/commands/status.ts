import { positive } from '../../foundation/options.js';
import type { DistributedRunStatus } from 'assaykit/bullmq';
import type { Command } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { Interruption } from '../interruption.js';
import { isoTime, lengthOfTime } from '../local-time.js';
import { openStore } from '../open-store.js';

/** `assaykit status RUN`: how far a distributed run is. */
export const status: Command = {
  usage: 'RUN',
  about: 'Shows how far a run is that was put into a queue, as the store knows it.',
  words: { least: 1, most: 1 },
  options: {
    ...STORE_OPTION,
    wait: { type: 'boolean', help: 'wait for its end, and print its summary' },
    every: { type: 'string', value: 'SECONDS', help: 'how often --wait looks (default 1)' },
    cancel: { type: 'boolean', help: 'end it: what is in flight is finished; `enqueue --requeue` goes on' },
  },
  run: async ({ given, output }) => {
    const pollMs = (given.number('every', positive) ?? 1) * 1000;
    const store = await openStore(given.text('store'));
    const abort = new AbortController();
    const stop = (reason: unknown): void => abort.abort(reason);
    const interruption = new Interruption({ onStop: stop, onAbort: stop });
    try {
      const { runId } = (await findRun(store, given.word(0))).manifest;
      const { cancelRun, runStatus, waitForRun } = await import('assaykit/bullmq');
      if (given.flag('cancel')) await cancelRun(store, runId);
      if (!given.flag('wait')) {
        const found = await runStatus(store, runId);
        await (output.json ? output.jsonLine(jsonOf(found)) : output.text(textOf(found)));
        return found.state === 'failed' ? EXIT.endedEarly : EXIT.done;
      }
      let last = '';
      const summary = await waitForRun(store, runId, {
        pollMs,
        signal: abort.signal,
        onStatus: (found) => {
          const line = lineOf(found);
          if (line !== last) output.note(line);
          last = line;
        },
      });
      const { startedAt, ...rest } = summary;
      await (output.json
        ? output.jsonLine({ summary: { ...rest, startedAt: isoTime(startedAt) } })
        : output.text(summary.toString()));
      if (summary.stopReason !== 'end') return EXIT.endedEarly;
      return summary.errored > 0 ? EXIT.withErrors : EXIT.done;
    } finally {
      interruption.finish();
      await store.close();
      interruption.close();
    }
  },
};

function jsonOf({ openedAt, now, manifest: _manifest, ...rest }: DistributedRunStatus): object {
  return { ...rest, openedAt: isoTime(openedAt), ageMs: now - openedAt };
}

const doneOf = ({ results }: DistributedRunStatus): number =>
  results.scored + results.unscored + results.errored;

function lineOf(found: DistributedRunStatus): string {
  const { runId, state, stopReason, results } = found;
  const why = state === 'stopped' ? ` (${stopReason})` : '';
  return `${runId}: ${state}${why}, ${doneOf(found)} of ${results.total ?? '?'} results`;
}

function textOf(found: DistributedRunStatus): string {
  const { results, batches, limits, spending, failures, now, openedAt } = found;
  const lines = [
    lineOf(found),
    `  results   ${results.scored} scored, ${results.unscored} unscored, ${results.errored} errored`,
    `  batches   ${batches.done} of ${batches.total ?? '?'} done, ${batches.open} open, ${batches.failed} failed`,
    `  enqueued  ${lengthOfTime(now - openedAt)} ago`,
  ];
  const { maxTokens, maxCost } = limits;
  if (maxTokens !== undefined || spending.tokens > 0)
    lines.push(`  tokens    ${spending.tokens}${maxTokens === undefined ? '' : ` of ${maxTokens}`}`);
  if (maxCost !== undefined || spending.cost > 0)
    lines.push(
      `  cost      ${Number(spending.cost.toFixed(6))}${maxCost === undefined ? '' : ` of ${maxCost}`}`,
    );
  for (const { batch, error } of failures) lines.push(`  batch ${batch} failed: ${error}`);
  return lines.join('\n');
}
