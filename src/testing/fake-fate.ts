import { seededRandom } from '../foundation/seeded-random.js';
import type { FakeFault, FakeShares } from './fake-options.js';

/** What becomes of one request: an answer, a failure of the server, or a fault of the connection. */
export type FakeOutcome = 'answer' | 'error' | 'rate-limited' | FakeFault;

/** Outcome and delay of one request. */
export interface FakeFate {
  readonly outcome: FakeOutcome;
  /** Milliseconds until the answer begins. */
  readonly delayMs: number;
}

/**
 * Decides what becomes of requests. The decision depends on the seed, on the prompt and on how often this prompt
 * has come: the same cases fail whatever the concurrency, and a retry gets another chance.
 */
export class FateSource {
  readonly #seed: number;
  readonly #shares: FakeShares;
  readonly #latencyMs: number;
  readonly #jitter: number;
  readonly #constant: FakeFate | undefined;
  readonly #timesSeen = new Map<number, number>(); // by hash: prompts may be long

  constructor(options: {
    readonly seed: number;
    readonly shares: FakeShares;
    readonly latencyMs: number;
    readonly jitter: number;
  }) {
    this.#seed = options.seed;
    this.#shares = options.shares;
    this.#latencyMs = options.latencyMs;
    this.#jitter = options.jitter;
    const certain = options.jitter === 0 && Object.values(options.shares).every((share) => share === 0);
    this.#constant = certain ? { outcome: 'answer', delayMs: options.latencyMs } : undefined;
  }

  /** What becomes of the next request with this prompt. */
  next(prompt: string): FakeFate {
    if (this.#constant !== undefined) return this.#constant;
    const hash = hashText(prompt);
    const times = this.#timesSeen.get(hash) ?? 0;
    this.#timesSeen.set(hash, times + 1);
    const random = seededRandom(this.#seed ^ hash ^ Math.imul(times, 0x9e3779b1));
    const outcome = this.#outcome(random());
    return { outcome, delayMs: this.#latencyMs * (1 + this.#jitter * (2 * random() - 1)) };
  }

  #outcome(drawn: number): FakeOutcome {
    const { error, rateLimited, hang, reset, malformed } = this.#shares;
    let bound = error;
    if (drawn < bound) return 'error';
    if (drawn < (bound += rateLimited)) return 'rate-limited';
    if (drawn < (bound += hang)) return 'hang';
    if (drawn < (bound += reset)) return 'reset';
    return drawn < bound + malformed ? 'malformed' : 'answer';
  }
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo), over UTF-16 code units. */
function hashText(value: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
