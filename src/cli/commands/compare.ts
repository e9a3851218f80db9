import { betweenZeroAndOne, integer } from '../../foundation/options.js';
import type { Command } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { noteMissingCases } from '../missing-cases.js';
import { openStore } from '../open-store.js';

/** `assaykit compare A B`: two runs, case by case. */
export const compare: Command = {
  usage: 'A B',
  about: `Compares two runs over the same cases, case by case: for each score the difference a - b
with its interval and p-value. Runs that were not scored alike are refused (exit code 3).`,
  words: { least: 2, most: 2 },
  options: {
    ...STORE_OPTION,
    'store-b': { type: 'string', value: 'PATH', help: 'where B is, if in another store' },
    force: { type: 'boolean', help: 'compare although they were not scored alike' },
    level: { type: 'string', value: 'X', help: 'level of the intervals (default 0.95)' },
    'ignore-clusters': { type: 'boolean', help: 'as if no case carried a cluster' },
    seed: { type: 'string', value: 'N', help: 'seed of the permutation tests (default 0)' },
  },
  run: async ({ given, output }) => {
    const options = {
      force: given.flag('force'),
      level: given.number('level', betweenZeroAndOne),
      clusters: given.flag('ignore-clusters') ? ('ignore' as const) : undefined,
      seed: given.number('seed', integer(0, 0xffff_ffff)),
    };
    const other = given.text('store-b');
    const store = await openStore(given.text('store'));
    const storeB = other === undefined ? store : await openStore(other);
    try {
      const [a, b] = await Promise.all([findRun(store, given.word(0)), findRun(storeB, given.word(1))]);
      const { compareRuns, formatComparison } = await import('assaykit');
      const comparison = await compareRuns(
        { store, runId: a.manifest.runId },
        { store: storeB, runId: b.manifest.runId },
        options,
      );
      if (output.json) await output.jsonLine(comparison);
      else await output.text(formatComparison(comparison, { columns: output.columns }));
      noteMissingCases(output, [a, b]);
      return EXIT.done;
    } finally {
      await store.close();
      await storeB.close();
    }
  },
};
