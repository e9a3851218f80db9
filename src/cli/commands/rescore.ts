import { integer } from '../../foundation/options.js';
import { caseJson, caseLines, worstOf } from '../case-lines.js';
import type { Command } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { Interruption } from '../interruption.js';
import { closeAll, loadEval } from '../load-eval.js';
import { isoTime } from '../local-time.js';
import { openStore } from '../open-store.js';

const WORST = 3;

/** `assaykit rescore RUN eval.mjs`: stored answers, another evaluator. */
export const rescore: Command = {
  usage: 'RUN FILE',
  about: `Judges the stored answers of a run by the \`evaluator\` of a file such as eval.mjs; no model
is asked. What comes out is a run of its own. Done again it goes on where it ended.`,
  words: { least: 2, most: 2 },
  options: {
    ...STORE_OPTION,
    as: { type: 'string', value: 'ID', help: 'names the new run (default: RUN-EVALUATOR-VERSION)' },
    to: { type: 'string', value: 'PATH', help: 'where it goes, if to another store' },
    tag: { type: 'string', multiple: true, value: 'TAG', help: 'a tag of the new run' },
    concurrency: { type: 'string', value: 'N', help: 'answers that are judged at once (default 16)' },
    'allow-errors': { type: 'boolean', help: 'exit code 0 also when cases errored' },
  },
  run: async ({ given, output }) => {
    const concurrency = given.number('concurrency', integer(1));
    const definition = await loadEval(given.word(1), ['evaluator']);
    const { evaluator, passThreshold, store: own } = definition;
    const asked = given.text('store');
    const from =
      asked === undefined && typeof own === 'object'
        ? own
        : await openStore(asked ?? (own as string | undefined));
    const target = given.text('to');
    const to = target === undefined ? from : await openStore(target, { create: true });
    const abort = new AbortController();
    const stop = (reason: Error): void => abort.abort(reason);
    const interruption = new Interruption({ onStop: () => stop(new Error('stopped')), onAbort: stop });
    try {
      const { runId } = (await findRun(from, given.word(0))).manifest;
      const { rescore: judgeAgain } = await import('assaykit');
      const summary = await judgeAgain(from, {
        runId,
        evaluator: evaluator as never,
        as: given.text('as') ?? `${runId}-${evaluator.name}-${evaluator.version}`,
        to,
        concurrency,
        passThreshold,
        tags: given.list('tag').length > 0 ? given.list('tag') : undefined,
        signal: abort.signal,
      }).catch((error: unknown) => {
        interruption.throwIfCrashed();
        throw error;
      });
      const worst = await worstOf(to, { runId: summary.runId, limit: WORST });
      if (output.json) {
        const { startedAt, ...rest } = summary;
        await output.jsonLine({
          summary: { ...rest, startedAt: isoTime(startedAt) },
          worst: worst.map(caseJson),
        });
      } else {
        await output.text(summary.toString());
        for (const result of worst) await output.painted(`\n${caseLines(result, output)}`);
      }
      return summary.errored > 0 && !given.flag('allow-errors') ? EXIT.withErrors : EXIT.done;
    } finally {
      interruption.finish();
      await closeAll(definition, [from, to]);
      interruption.close();
    }
  },
};
