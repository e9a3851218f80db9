import { readFile } from 'node:fs/promises';
import type { GateVerdict } from '../../decisions/gate/gate-verdict.js';
import type { GateOptions, MetricRequirement } from '../../decisions/gate/gate-options.js';
import { messageOf } from '../../errors.js';
import { betweenZeroAndOne, integer, number, positive } from '../../foundation/options.js';
import { readNumber, type Arguments } from '../arguments.js';
import { CommandError } from '../command-error.js';
import type { Command, CommandCall } from '../command.js';
import { STORE_OPTION } from '../command-options.js';
import { EXIT } from '../exit-codes.js';
import { findRun } from '../find-run.js';
import { noteMissingCases } from '../missing-cases.js';
import { openStore } from '../open-store.js';

type Requirements = Record<string, MetricRequirement>;

/** `assaykit gate RUN`: may this change be merged? */
export const gate: Command = {
  usage: 'RUN',
  about: `Judges a run by what is required of it, with a stated chance of a false alarm. Exit code
0: it passes, 1: it fails, 2: too few cases to tell (with --undecided fail), 3: the runs
cannot be compared, or no case was scored. METRIC is \`overall\` or a dimension; without
METRIC= it is overall.`,
  words: { least: 1, most: 1 },
  options: {
    ...STORE_OPTION,
    baseline: { type: 'string', short: 'b', value: 'RUN', help: 'the run that it is compared with' },
    'baseline-store': { type: 'string', value: 'PATH', help: 'where that is, if in another store' },
    min: { type: 'string', multiple: true, value: '[METRIC=]X', help: 'the mean must be at least X' },
    max: { type: 'string', multiple: true, value: '[METRIC=]X', help: 'the mean must be at most X' },
    'no-worse': {
      type: 'string',
      multiple: true,
      value: 'METRIC',
      help: 'no worse than the baseline beyond chance',
    },
    'max-drop': {
      type: 'string',
      multiple: true,
      value: '[METRIC=]X',
      help: 'a drop of X or more against the baseline is ruled out',
    },
    require: { type: 'string', value: 'FILE', help: '`require` of gate as JSON: groups, better: lower' },
    'max-error-rate': { type: 'string', value: 'X', help: 'most errored results, as a share' },
    'max-cost': { type: 'string', value: 'X', help: 'most that the answers may cost' },
    'max-latency-p95-ms': { type: 'string', value: 'MS', help: 'most that 95 of 100 answers may take' },
    level: { type: 'string', value: 'X', help: 'level of the intervals (default 0.95)' },
    undecided: { type: 'string', value: 'warn|fail', help: 'exit code 0 or 2 when undecided (default warn)' },
    strict: { type: 'boolean', help: 'intervals that never err more often than they say' },
    'ignore-clusters': { type: 'boolean', help: 'as if no case carried a cluster' },
    'ignore-unmatched': { type: 'boolean', help: 'compare the cases that both runs have' },
    worst: { type: 'string', value: 'N', help: 'how many of the worst cases to tell (default 5)' },
    seed: { type: 'string', value: 'N', help: 'seed of the permutation tests (default 0)' },
    junit: { type: 'string', value: 'PATH', help: 'writes a JUnit report' },
    'step-summary': {
      type: 'string',
      value: 'PATH',
      help: 'appends Markdown (default on GitHub: GITHUB_STEP_SUMMARY)',
    },
    annotations: { type: 'boolean', help: "prints GitHub's annotations (default on GitHub)" },
  },
  run: async (call) => {
    const { given, output } = call;
    const options = await optionsOf(given);
    requireSomething(options);
    const [baseline, otherStore] = [given.text('baseline'), given.text('baseline-store')];
    const store = await openStore(given.text('store'));
    const baselineStore = otherStore === undefined ? store : await openStore(otherStore);
    try {
      const record = await findRun(store, given.word(0));
      const old = baseline === undefined ? undefined : await findRun(baselineStore, baseline);
      const { gate: judge } = await import('assaykit/decisions');
      const verdict = await judge({
        ...options,
        run: { store, runId: record.manifest.runId },
        baseline: old === undefined ? undefined : { store: baselineStore, runId: old.manifest.runId },
      });
      await writeVerdict(verdict, call);
      noteMissingCases(output, [record, old]);
      return verdict.exitCode;
    } finally {
      await store.close();
      await baselineStore.close();
    }
  },
};

function requireSomething({ require, maxErrorRate, maxCost, maxLatencyP95Ms }: Partial<GateOptions>): void {
  if ([require, maxErrorRate, maxCost, maxLatencyP95Ms].some((each) => each !== undefined)) return;
  const asked = '--min 0.8, --no-worse overall (with --baseline RUN) or --max-error-rate 0.02';
  throw new CommandError(`Nothing is required of the run: say what, for example ${asked}`, {
    exitCode: EXIT.usage,
  });
}

async function writeVerdict(verdict: GateVerdict, { given, output }: CommandCall): Promise<void> {
  const { writeJunit, appendStepSummary, formatAnnotations } = await import('assaykit/decisions');
  if (output.json) await output.jsonLine(verdict);
  else await output.text(verdict.toString());
  const onGitHub = process.env['GITHUB_ACTIONS'] === 'true';
  if (given.flag('annotations') || onGitHub) {
    const annotations = formatAnnotations(verdict);
    if (annotations !== '' && output.json) output.note(annotations);
    else if (annotations !== '') await output.text(annotations);
  }
  const junit = given.text('junit');
  if (junit !== undefined) await checkWritten(junit, writeJunit(verdict, junit));
  const summary = given.text('step-summary') ?? (onGitHub ? process.env['GITHUB_STEP_SUMMARY'] : undefined);
  if (summary) await checkWritten(summary, appendStepSummary(verdict, summary));
}

async function checkWritten(path: string, writing: Promise<void>): Promise<void> {
  await writing.catch((error: unknown) => {
    throw new CommandError(`Cannot write ${JSON.stringify(path)}: ${messageOf(error)}`, {
      exitCode: EXIT.storage,
      cause: error,
    });
  });
}

async function optionsOf(given: Arguments): Promise<Omit<GateOptions, 'run' | 'baseline'>> {
  return {
    require: await requirementsOf(given),
    maxErrorRate: given.number('max-error-rate', number(0, 1)),
    maxCost: given.number('max-cost', positive),
    maxLatencyP95Ms: given.number('max-latency-p95-ms', positive),
    level: given.number('level', betweenZeroAndOne),
    undecided: given.choice('undecided', ['warn', 'fail']),
    strict: given.flag('strict'),
    clusters: given.flag('ignore-clusters') ? 'ignore' : undefined,
    unmatched: given.flag('ignore-unmatched') ? 'ignore' : undefined,
    worstCases: given.number('worst', integer(0)),
    seed: given.number('seed', integer(0, 0xffff_ffff)),
  };
}

async function requirementsOf(given: Arguments): Promise<Requirements | undefined> {
  const file = given.text('require');
  const required: Requirements = Object.assign(
    Object.create(null) as Requirements,
    file === undefined ? {} : await readRequirements(file),
  );
  const add = (metric: string, requirement: MetricRequirement): void => {
    required[metric] = { ...required[metric], ...requirement };
  };
  for (const [name, member] of [
    ['min', 'min'],
    ['max', 'max'],
    ['max-drop', 'maxDrop'],
  ] as const)
    for (const written of given.list(name)) {
      const at = written.lastIndexOf('=');
      const value = readNumber(`--${name}`, { written: written.slice(at + 1), check: number(0, 1) });
      add(at === -1 ? 'overall' : written.slice(0, at), { [member]: value });
    }
  for (const metric of given.list('no-worse')) add(metric, { noWorse: true });
  return Object.keys(required).length > 0 ? { ...required } : undefined;
}

async function readRequirements(path: string): Promise<Requirements> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Requirements;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`Cannot read ${JSON.stringify(path)}: ${messageOf(error)}`, {
      exitCode: code === undefined ? EXIT.input : EXIT.notFound,
      cause: error,
    });
  }
}
