import { Endpoint, type EndpointSettings } from '../../../src/client/balancing/endpoint.js';
import { outlierEjectionOptions } from '../../../src/client/balancing/outlier-ejection.js';
import { RateLimit, type EndpointRateLimit } from '../../../src/client/balancing/rate-limit.js';
import type { RandomSource } from '../../../src/foundation/seeded-random.js';

/** An endpoint with the defaults of a client that has only this one, made at time 0. */
export function endpointFor(settings: Partial<EndpointSettings> = {}): Endpoint {
  return new Endpoint(
    {
      id: 'a',
      index: 0,
      weight: 1,
      priority: 0,
      concurrency: Number.POSITIVE_INFINITY,
      rateLimit: {},
      ejection: outlierEjectionOptions({}),
      adaptive: undefined,
      penaltyCapMs: 60_000,
      maxPauseMs: 300_000,
      firstWave: 64,
      random: () => 0.5,
      ...settings,
    },
    0,
  );
}

/** A rate limit with a client's defaults, made at time 0. */
export function rateLimitFor(rateLimit: EndpointRateLimit, random: RandomSource): RateLimit {
  return new RateLimit({ rateLimit, random, maxPauseMs: 300_000, firstWave: 64 }, 0);
}
