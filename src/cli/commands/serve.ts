import { integer } from '../../foundation/options.js';
import type { Command } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { openStore } from '../open-store.js';

/** `assaykit serve`: the dashboard over a store, until Ctrl-C. */
export const serve: Command = {
  usage: '',
  about: `Serves a page on this machine that shows the runs of a store: the list, each run with its
figures and cases, the comparison of two. It prints the address, which holds a token:
whoever has it can read everything. Ctrl-C ends it.`,
  words: { least: 0, most: 0 },
  options: {
    ...STORE_OPTION,
    port: { type: 'string', short: 'p', value: 'N', help: 'where on 127.0.0.1 (default: a free port)' },
  },
  run: async ({ given, output }) => {
    const port = given.number('port', integer(0, 65_535));
    let stop = (): void => {};
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    const store = await openStore(given.text('store'));
    const interruption = new Interruption({ onStop: stop, onAbort: stop });
    try {
      const { startDashboard } = await import('assaykit/dashboard');
      const dashboard = await startDashboard({ store, port, keepAlive: true });
      try {
        if (output.json) await output.jsonLine({ url: dashboard.url, port: dashboard.port });
        else await output.text(dashboard.url);
        output.note('Ctrl-C ends it.');
        await stopped;
      } finally {
        await dashboard.close();
      }
      interruption.throwIfCrashed();
      return EXIT.done;
    } finally {
      interruption.finish();
      await store.close();
      interruption.close();
    }
  },
};
