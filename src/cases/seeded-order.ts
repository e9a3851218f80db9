import { SeededDraws } from '../foundation/seeded-random.js';

/**
 * The cases in a seeded order: inputs are often sorted by difficulty or by source, and a part of a sorted list says
 * nothing about the whole. Cases of one cluster stay together, in their own order; clusters are shuffled.
 */
export function seededOrder<Case extends { readonly cluster?: string | undefined }>(
  cases: readonly Case[],
  seed: number,
): Case[] {
  const blocks: Case[][] = [];
  const byCluster = new Map<string, Case[]>();
  for (const testCase of cases) {
    const { cluster } = testCase;
    const block = cluster === undefined ? undefined : byCluster.get(cluster);
    if (block !== undefined) {
      block.push(testCase);
      continue;
    }
    const begun = [testCase];
    blocks.push(begun);
    if (cluster !== undefined) byCluster.set(cluster, begun);
  }
  const draws = new SeededDraws(seed);
  for (let i = blocks.length - 1; i > 0; i--) {
    const j = Math.floor((draws.next() / 4_294_967_296) * (i + 1)); // Fisher and Yates
    [blocks[i], blocks[j]] = [blocks[j] as Case[], blocks[i] as Case[]];
  }
  return blocks.flat();
}
