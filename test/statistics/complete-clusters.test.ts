import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ClusteredMoments } from '../../src/statistics/clustered.js';
import { CompleteClusters } from '../../src/statistics/complete-clusters.js';

it('gives the clustered error without keeping clusters, also when they differ in size', () => {
  const cluster = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(cluster, { maxLength: 12 }), (clusters) => {
      const kept = new ClusteredMoments();
      const streamed = new CompleteClusters();
      clusters.forEach((scores, id) => {
        for (const score of scores) kept.add(score, String(id));
        streamed.add(
          scores.reduce((sum, score) => sum + score, 0),
          scores.length,
        );
      });
      expect(streamed.clusters).toBe(kept.clusters);
      if (kept.standardError === null) expect(streamed.standardError).toBeNull();
      else expect(streamed.standardError).toBeCloseTo(kept.standardError, 12);
    }),
  );
});
