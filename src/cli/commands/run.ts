import { AssayError } from '../../errors.js';
import type { BatchProcessor } from '../../batch/batch-processor.js';
import type { RunSummary } from '../../batch/summary/run-summary.js';
import { redactKeys } from '../../foundation/key-like.js';
import { integer, number } from '../../foundation/options.js';
import type { QueriedResult, ResultStore } from '../../stores/result-store.js';
import type { Arguments } from '../arguments.js';
import { caseJson, caseLines, worstOf } from '../case-lines.js';
import { CommandError } from '../command-error.js';
import type { Command, CommandCall } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { Interruption } from '../interruption.js';
import { casesOf, closeAll, loadEval, partsOf, type EvalParts } from '../load-eval.js';
import { isoTime } from '../local-time.js';
import { openStore } from '../open-store.js';
import { selectCases } from '../select-cases.js';

const WORST = 3;

/** `assaykit run eval.mjs`: evaluates the cases of a file. */
export const run: Command = {
  usage: 'FILE',
  about: `Evaluates the cases of a file such as eval.mjs, which exports by default the options of
a processor and the \`cases\`; .ts where Node takes types away (22.18 and later).
Ctrl-C ends the run: what is in flight is finished and stored, and --resume goes on.`,
  words: { least: 1, most: 1 },
  options: {
    ...STORE_OPTION,
    'run-id': { type: 'string', value: 'ID', help: 'names the run (default: the time of its start)' },
    resume: { type: 'boolean', help: 'go on with the run of --run-id, which may be `latest`' },
    only: { type: 'string', multiple: true, value: 'ID', help: 'only this case; * stands for any text' },
    limit: { type: 'string', short: 'n', value: 'N', help: 'only the first N cases' },
    sample: { type: 'string', value: 'N', help: 'only N cases, drawn by chance' },
    seed: { type: 'string', value: 'N', help: 'which sample (default 0: always the same)' },
    tag: { type: 'string', multiple: true, value: 'TAG', help: 'a tag of the run, for `runs --tag`' },
    grace: { type: 'string', value: 'SECONDS', help: 'how long Ctrl-C waits for answers (default 0.4)' },
    'allow-errors': { type: 'boolean', help: 'exit code 0 also when cases errored' },
    quiet: { type: 'boolean', short: 'q', help: 'no progress' },
  },
  run: async (call) => {
    const { given } = call;
    const path = given.word(0);
    const limits = limitsOf(given);
    const definition = await loadEval(path, ['target', 'evaluator', 'cases']);
    const parts = partsOf(definition);
    let store: ResultStore | undefined;
    let interruption: Interruption | undefined;
    try {
      store = await storeOf(given, parts);
      const runOptions = await runOptionsOf(given, parts, store);
      const cases = await casesOf(parts);
      const { BatchProcessor, terminalProgress } = await import('assaykit');
      const processor = new BatchProcessor<unknown, unknown, unknown>({ ...parts.processor, store });
      const progress = given.flag('quiet') ? undefined : terminalProgress(processor);
      const abort = new AbortController();
      interruption = interruptionOf(processor, { abort, graceMs: limits.graceMs, call });
      try {
        const selected = selectCases(cases as Iterable<{ id: string; input: unknown }>, limits);
        const running = processor.run(selected, { ...runOptions, signal: abort.signal });
        const ending = await ended(running, limits.only);
        progress?.close();
        interruption.throwIfCrashed();
        return await report(ending, { call, store, interruption });
      } finally {
        progress?.close();
        interruption.finish();
      }
    } finally {
      await closeAll(definition, [store]);
      interruption?.close();
    }
  },
};

/** How a run has ended: after its cases in flight, or aborted. */
interface Ending {
  readonly summary: RunSummary;
  /** Results that are stored, of a run that was aborted. */
  readonly safe: number | undefined;
}

async function ended(running: Promise<RunSummary>, only: readonly string[]): Promise<Ending> {
  try {
    return { summary: await running, safe: undefined };
  } catch (error) {
    if (only.length > 0 && AssayError.is(error) && error.code === 'ASSAY_EMPTY_INPUT')
      throw new CommandError(`No case has an id such as --only ${only.join(' or ')}`, {
        exitCode: EXIT.notFound,
        cause: error,
      });
    const { summary, safe } = error as { readonly summary?: RunSummary; readonly safe?: number };
    if (!AssayError.is(error) || error.code !== 'ASSAY_ABORTED' || summary === undefined) throw error;
    return { summary, safe };
  }
}

function limitsOf(given: Arguments): Parameters<typeof selectCases>[1] & { readonly graceMs: number } {
  const limit = given.number('limit', integer(1));
  const sample = given.number('sample', integer(1));
  if (limit !== undefined && sample !== undefined)
    throw new CommandError('Expected --limit or --sample, got both');
  return {
    only: given.list('only'),
    limit,
    sample,
    seed: given.number('seed', integer(0, 0xffff_ffff)) ?? 0,
    graceMs: (given.number('grace', number(0, 86_400)) ?? 0.4) * 1000,
  };
}

function storeOf(given: Arguments, { store }: EvalParts): Promise<ResultStore> {
  const asked = given.text('store');
  if (asked === undefined && typeof store === 'object') return Promise.resolve(store);
  return openStore(asked ?? (store as string | undefined), { create: true });
}

async function runOptionsOf(
  given: Arguments,
  { run: options }: EvalParts,
  store: ResultStore,
): Promise<EvalParts['run']> {
  const resume = given.flag('resume') || options.resume === true;
  const asked = given.text('run-id') ?? options.runId;
  if (given.flag('resume') && asked === undefined)
    throw new CommandError(
      'Expected --resume with --run-id, which names the run to go on with (or `latest`)',
    );
  const runId = given.flag('resume') ? (await findRun(store, asked as string)).manifest.runId : asked;
  const tags = [...new Set([...(options.tags ?? []), ...given.list('tag')])];
  const selected = ['limit', 'sample'].some((name) => given.text(name) !== undefined);
  return {
    ...options,
    resume,
    runId,
    tags: tags.length > 0 ? tags : undefined,
    total: selected || given.list('only').length > 0 ? undefined : options.total,
  };
}

function interruptionOf(
  processor: BatchProcessor<unknown, unknown, unknown>,
  {
    abort,
    graceMs,
    call,
  }: { readonly abort: AbortController; readonly graceMs: number; readonly call: CommandCall },
): Interruption {
  return new Interruption({
    onStop: () => {
      call.output.note('Stopping: no further case is begun; once more ends at once.');
      void processor.drain({ timeoutMs: graceMs });
    },
    onAbort: (reason) => abort.abort(reason),
  });
}

async function report(
  { summary, safe }: Ending,
  {
    call,
    store,
    interruption,
  }: { readonly call: CommandCall; readonly store: ResultStore; readonly interruption: Interruption },
): Promise<number> {
  const { output, given } = call;
  const worst = safe === undefined ? await worstOf(store, { runId: summary.runId, limit: WORST }) : [];
  const early = summary.stopReason !== 'end' && summary.stopReason !== 'settled';
  const goOn = early ? resumeCommand(call.argv, summary.runId) : null;
  if (output.json) {
    const { startedAt, ...rest } = summary;
    await output.jsonLine({
      summary: { ...rest, startedAt: isoTime(startedAt) },
      worst: worst.map(caseJson),
      resume: goOn,
    });
  } else {
    await output.text(`\n${summary.toString()}`);
    await printWorst(worst, call);
    if (goOn !== null) {
      const stored = safe === undefined ? '' : `; ${safe} results are stored`;
      await output.text(`\nEnded early (${summary.stopReason})${stored}. Go on:\n  ${goOn}`);
    }
  }
  if (interruption.exitCode !== undefined && early) return interruption.exitCode;
  if (early) return EXIT.endedEarly;
  return summary.errored > 0 && !given.flag('allow-errors') ? EXIT.withErrors : EXIT.done;
}

async function printWorst(worst: readonly QueriedResult[], { output }: CommandCall): Promise<void> {
  for (const result of worst) await output.painted(`\n${caseLines(result, output)}`);
}

/** The same words again, as a shell takes them, with the run to go on with. */
function resumeCommand(argv: readonly string[], runId: string): string {
  const words: string[] = [];
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === '--run-id') at += 1;
    else if (word !== '--resume' && !word.startsWith('--run-id=')) words.push(word);
  }
  return redactKeys(['assaykit', ...words, '--resume', '--run-id', runId].map(quoted).join(' '));
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./~^-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
