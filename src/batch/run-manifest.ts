import { AssayError } from '../errors.js';
import { isModelClient } from '../client/model-client.js';
import { withoutKeys } from '../foundation/key-like.js';
import { stableHash, stableStringify } from '../foundation/stable-hash.js';
import { PACKAGE_VERSION } from '../foundation/package-version.js';
import type { RunManifest } from '../stores/run-manifest.js';
import type { ResolvedBatchOptions } from './batch-options.js';
import type { RunOptions } from './run-options.js';

/** What a run is made with, for the store and for resuming. */
export function createManifest<Input, Expected, Metadata>(
  run: { readonly runId: string } & Pick<RunOptions, 'tags' | 'description' | 'origin'>,
  options: ResolvedBatchOptions<Input, Expected, Metadata>,
): RunManifest {
  const { evaluator, repetitions, labels, clock } = options;
  const { tags, description, origin } = run;
  return {
    runId: run.runId,
    evaluator: evaluator.name,
    evaluatorVersion: evaluator.version,
    configurationHash: stableHash({
      configuration: evaluator.configuration ?? {},
      dimensions: evaluator.dimensions ?? [],
      passThreshold: options.passThreshold ?? null,
    }),
    conventions: { ...evaluator.conventions },
    target: origin?.target ?? describeTarget(options),
    repetitions,
    startedAt: clock.wallTime(),
    packageVersion: PACKAGE_VERSION,
    ...(labels === undefined ? {} : { labels }),
    ...(origin === undefined ? {} : { origin: { runId: origin.runId } }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
    ...(description === undefined ? {} : { description }),
    statistics: {
      dimensions: evaluator.dimensions ?? [],
      passThreshold: options.passThreshold ?? null,
      confidenceLevel: options.confidenceLevel,
    },
  };
}

/** What identifies the target: the client's own description, or the function's name; no keys, no prompts. */
export function describeTarget<Input, Expected, Metadata>(
  options: ResolvedBatchOptions<Input, Expected, Metadata>,
): Readonly<Record<string, unknown>> {
  const target: unknown = options.target;
  const described = isModelClient(target)
    ? (target.describe?.() ?? { kind: 'client', name: (target as object).constructor.name })
    : { kind: 'function', name: (target as { name: string }).name };
  return {
    ...described,
    ...(options.prompt === undefined ? {} : { prompt: options.prompt.describe() }),
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.parameters === undefined ? {} : { parameters: withoutKeys(options.parameters) }),
  };
}

/** Refuses to go on with a run that was made differently, listing the differences. */
export function checkManifest(stored: RunManifest, current: RunManifest): void {
  const compared = [
    'evaluator',
    'evaluatorVersion',
    'configurationHash',
    'conventions',
    'target',
    'repetitions',
    'origin',
  ] as const satisfies readonly (keyof RunManifest)[];
  const differences = compared
    .filter((field) => stableStringify(stored[field]) !== stableStringify(current[field]))
    .map(
      (field) => `${field}: stored ${stableStringify(stored[field])}, now ${stableStringify(current[field])}`,
    );
  if (differences.length > 0) {
    throw new AssayError(
      'ASSAY_MANIFEST_MISMATCH',
      `Run ${JSON.stringify(current.runId)} was made differently and cannot be resumed:\n  ${differences.join('\n  ')}`,
    );
  }
}
