import type { Command } from './command.js';

/** A command in the list of commands: its code is loaded when it is called. */
export interface CommandEntry {
  /** What it does, in a line of the help. */
  readonly summary: string;
  /** Loads it. */
  readonly load: () => Promise<Command>;
}

/** All commands by name, as the help lists them. A new one is a file of `commands/` and an entry here. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'evaluate the cases of a file such as eval.mjs',
    load: async () => (await import('./commands/run.js')).run,
  },
  runs: {
    summary: 'list the runs of a store, newest first',
    load: async () => (await import('./commands/runs.js')).runs,
  },
  show: {
    summary: 'show the cases of a run, worst first, or all of one case',
    load: async () => (await import('./commands/show.js')).show,
  },
  compare: {
    summary: 'compare two runs, case by case',
    load: async () => (await import('./commands/compare.js')).compare,
  },
  report: {
    summary: 'write a run as one HTML page that anybody can open',
    load: async () => (await import('./commands/report.js')).report,
  },
  serve: {
    summary: 'serve a page on this machine that shows the runs of a store',
    load: async () => (await import('./commands/serve.js')).serve,
  },
  gate: {
    summary: 'may this change be merged? Judge a run by what is required of it',
    load: async () => (await import('./commands/gate.js')).gate,
  },
  rescore: {
    summary: 'judge the stored answers of a run by another evaluator',
    load: async () => (await import('./commands/rescore.js')).rescore,
  },
  enqueue: {
    summary: 'put the cases of a file into the queue of many workers',
    load: async () => (await import('./commands/enqueue.js')).enqueue,
  },
  worker: {
    summary: 'work on the runs of a queue, until it is told to end',
    load: async () => (await import('./commands/worker.js')).worker,
  },
  status: {
    summary: 'how far a run in a queue is; wait for its end, or cancel it',
    load: async () => (await import('./commands/status.js')).status,
  },
  convert: {
    summary: 'copy runs from one store to another',
    load: async () => (await import('./commands/convert.js')).convert,
  },
};
