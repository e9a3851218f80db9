import { resolve } from 'node:path';
import { AssayError, messageOf } from '../../errors.js';
import { integer } from '../../foundation/options.js';
import { CommandError } from '../command-error.js';
import type { Command } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { Interruption } from '../interruption.js';
import { openStore } from '../open-store.js';
import { count } from '../../foundation/counted.js';

/** `assaykit report RUN`: a run as one HTML page. */
export const report: Command = {
  usage: 'RUN',
  about: `Writes a run as one HTML page that anybody can open, offline: what scored what with error
bars, what got worse than the baseline, which cases failed and why, time and cost.`,
  words: { least: 1, most: 1 },
  options: {
    ...STORE_OPTION,
    baseline: { type: 'string', short: 'b', value: 'RUN', help: 'the run that it is compared with' },
    out: { type: 'string', short: 'o', value: 'PATH', help: 'where it goes (default RUN.html)' },
    'max-cases': { type: 'string', value: 'N', help: 'results that can be looked at (default 10000)' },
  },
  run: async ({ given, output }) => {
    const maxCases = given.number('max-cases', integer(0));
    const [baseline, out] = [given.text('baseline'), given.text('out')];
    const abort = new AbortController();
    const stop = (reason: Error): void => abort.abort(reason);
    const store = await openStore(given.text('store'));
    const interruption = new Interruption({ onStop: () => stop(new Error('stopped')), onAbort: stop });
    try {
      const { runId } = (await findRun(store, given.word(0))).manifest;
      const old = baseline === undefined ? undefined : await findRun(store, baseline);
      const { writeHtmlReport } = await import('assaykit/report');
      const written = await writeHtmlReport(store, {
        runId,
        baselineRunId: old?.manifest.runId,
        path: resolve(out ?? `${fileName(runId)}.html`),
        maxCases,
        signal: abort.signal,
      }).catch((error: unknown) => {
        throw isOfFile(error)
          ? new CommandError(messageOf(error), { exitCode: EXIT.storage, cause: error })
          : error;
      });
      const { path, bytes, results, cases } = written;
      if (output.json) await output.jsonLine(written);
      else
        await output.text(
          `${path}\n${sizeText(bytes)}, ${count(results)} results, of which ${count(cases)} can be looked at`,
        );
      return EXIT.done;
    } finally {
      interruption.finish();
      await store.close();
      interruption.close();
    }
  },
};

/** Whether it is the file that cannot be written: other options are refused without a cause. */
const isOfFile = (error: unknown): boolean =>
  AssayError.is(error) && error.code === 'ASSAY_INVALID_OPTION' && error.cause !== undefined;

/** A run's id as the name of a file, which no path can be made from. */
const fileName = (runId: string): string =>
  runId
    .replace(/[^\w.-]+/g, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100);

const sizeText = (bytes: number): string =>
  bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
