import type { Clock } from '../foundation/clock.js';
import { systemRandom } from '../foundation/seeded-random.js';

/** How {@link tryAgain} waits. */
export interface TryAgainOptions {
  /** Whether a failure may go by without anybody's help. */
  readonly isPassing: (error: unknown) => boolean;
  /** How long to go on, milliseconds; `0`: one attempt. */
  readonly timeoutMs: number;
  /** The first pause, milliseconds; each is twice the one before. */
  readonly firstWaitMs: number;
  /** No pause is longer, milliseconds. */
  readonly longestWaitMs: number;
  readonly clock: Clock;
}

/** Does `work` again while its failures are passing ones; throws what it threw when the time is up. */
export async function tryAgain<Result>(
  work: () => Result | Promise<Result>,
  { isPassing, timeoutMs, firstWaitMs, longestWaitMs, clock }: TryAgainOptions,
): Promise<Result> {
  const started = clock.now();
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || clock.now() - started >= timeoutMs) throw error;
    }
    // Random, so that two waiting processes do not meet again and again.
    const pauseMs = waitMs * (0.5 + systemRandom());
    await new Promise<void>((resolve) => void clock.schedule(resolve, pauseMs));
  }
}
