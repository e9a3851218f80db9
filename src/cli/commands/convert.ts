import { resolve } from 'node:path';
import { CommandError } from '../command-error.js';
import type { Command } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { Interruption } from '../interruption.js';
import { openStore } from '../open-store.js';
import { count } from '../../foundation/counted.js';

/** `assaykit convert FROM TO [RUN...]`: copies runs from one store to another. */
export const convert: Command = {
  usage: 'FROM TO [RUN...]',
  about: `Copies runs with all that belongs to them from one store to another: a folder or a .db
file, each. Without RUN all of them. Doing it twice is harmless. With --json a line for
each run.`,
  words: { least: 2, most: Number.MAX_SAFE_INTEGER },
  options: {},
  run: async ({ given, output }) => {
    const [source, target, ...words] = given.words as readonly [string, string, ...string[]];
    if (resolve(source) === resolve(target))
      throw new CommandError('Expected FROM and TO to be two stores, got one');
    const abort = new AbortController();
    const stop = (reason: Error): void => abort.abort(reason);
    const from = await openStore(source);
    const to = await openStore(target, { create: true });
    const interruption = new Interruption({ onStop: () => stop(new Error('stopped')), onAbort: stop });
    try {
      const runIds: string[] = [];
      for (const word of words) runIds.push((await findRun(from, word)).manifest.runId);
      if (words.length === 0) for await (const { manifest } of from.runs()) runIds.unshift(manifest.runId);
      const { convertResults } = await import('assaykit');
      for (const runId of runIds) {
        const copied = await convertResults(from, to, { runId, signal: abort.signal });
        if (output.json) await output.jsonLine({ runId, ...copied });
        else await output.text(`${runId}: ${count(copied.results)} results`);
      }
      if (runIds.length === 0) output.note('No runs.');
      return EXIT.done;
    } finally {
      interruption.finish();
      await from.close();
      await to.close();
      interruption.close();
    }
  },
};
