import type { RunManifest } from '../stores/run-manifest.js';
import type { ComparedResult } from './join-results.js';

/** What was found of how one run was scored. */
export interface RunProvenance {
  /** Whether it was read from a store, which keeps manifests; a list of results has none. */
  readonly stored: boolean;
  readonly manifest: RunManifest | undefined;
}

/** How two manifests say that runs were scored differently, a line each; nothing where a run has no manifest. */
export function manifestDifferences(
  { manifest: a }: RunProvenance,
  { manifest: b }: RunProvenance,
): string[] {
  if (a === undefined || b === undefined) return [];
  const found: string[] = [];
  const compare = (what: string, inA: string | undefined, inB: string | undefined): void => {
    if (inA !== inB) found.push(`${what}: ${inA ?? 'none'} in a, ${inB ?? 'none'} in b`);
  };
  compare('evaluator', a.evaluator, b.evaluator);
  compare('evaluator version', a.evaluatorVersion, b.evaluatorVersion);
  for (const dimension of new Set([...Object.keys(a.conventions), ...Object.keys(b.conventions)])) {
    const inRun = ({ conventions }: RunManifest): string | undefined =>
      Object.hasOwn(conventions, dimension) ? conventions[dimension] : undefined; // it may be called `constructor`
    compare(`convention of ${dimension}`, inRun(a), inRun(b));
  }
  // The hash covers the rest of the configuration; where something readable differs too, that says it better.
  if (found.length === 0) compare('configuration hash', a.configurationHash, b.configurationHash);
  return found;
}

/** The runs of a store that have no manifest there, a line each: how they were scored cannot be known. */
export function missingManifests(a: RunProvenance, b: RunProvenance): string[] {
  return (['a', 'b'] as const)
    .filter((side) => {
      const { stored, manifest } = side === 'a' ? a : b;
      return stored && manifest === undefined;
    })
    .map((side) => `manifest: none in ${side}, so nothing says how that run was scored`);
}

/** How two results of one case were scored differently, by what they carry themselves. */
export function resultDifferences(a: ComparedResult, b: ComparedResult): string[] {
  if (a.evaluator === undefined || b.evaluator === undefined) return []; // one has no evaluation
  const found: string[] = [];
  if (a.evaluator !== b.evaluator) found.push(`evaluator: ${a.evaluator} in a, ${b.evaluator} in b`);
  else if (a.scoringHash !== b.scoringHash) {
    found.push(
      `conventions or configuration of ${a.evaluator}: hash ${a.scoringHash ?? 'unknown'} in a, ` +
        `${b.scoringHash ?? 'unknown'} in b`,
    );
  }
  return found;
}
