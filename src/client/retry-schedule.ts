import { retryAfterMs, type ResponseHeaders } from './balancing/retry-after.js';
import { backoffMs, retryOptions, type RetryOptions, type RetrySettings } from './call/retry.js';
import { RetryBudget, retryBudgetOptions } from './call/retry-budget.js';
import { AssayError } from '../errors.js';
import type { Clock } from '../foundation/clock.js';
import type { RandomSource } from '../foundation/seeded-random.js';

/** When whatever failed is tried again: which failures may pass, how long to wait, how many at once. */
export class RetrySchedule {
  readonly #settings: RetrySettings;
  readonly #budget = new RetryBudget(retryBudgetOptions({})!);
  readonly #clock: Clock;
  readonly #random: RandomSource;

  /** @throws AssayError `ASSAY_INVALID_OPTION` */
  constructor(
    options: RetryOptions,
    { clock, random }: { readonly clock: Clock; readonly random: RandomSource },
  ) {
    this.#settings = retryOptions(options, 1);
    this.#clock = clock;
    this.#random = random;
  }

  /** A case is about to be asked. */
  callBegun(): void {
    this.#budget.deposit(this.#clock.now());
  }

  /**
   * How long to wait before retry number `retry` (0-based) after `thrown`, milliseconds; `undefined` when it is not worth
   * one: the failure will not pass, there were enough, or the server asks for a longer wait than is accepted.
   */
  delayMs(thrown: unknown, retry: number): number | undefined {
    const { maxRetries, maxRetryAfterMs } = this.#settings;
    if (retry >= maxRetries) return undefined;
    let asked: number | undefined;
    try {
      if (!mayPass(thrown)) return undefined;
      asked = askedWaitMs(thrown, this.#clock.wallTime());
    } catch {
      return undefined; // an error that throws when it is read
    }
    if (asked !== undefined && asked > maxRetryAfterMs) return undefined;
    const jittered = backoffMs(this.#settings, { retry, random: this.#random });
    return asked === undefined ? jittered : asked * (1 + 0.1 * this.#random()) + jittered;
  }

  /** Takes a retry from the budget: 0, or how long to wait before asking for it again, milliseconds. */
  withdraw(): number {
    return this.#budget.withdraw(this.#clock.now()) ? 0 : this.#budget.waitMs * (0.5 + this.#random());
  }
}

/**
 * Whether a failure says of itself that it may pass: an error of ours or of the AI SDK, one with the HTTP status of such a
 * failure, as those of vendors' SDKs, or one of a connection or of time. One that says nothing is asked for its cause (of an AI SDK that
 * gave up: its last error), and is a fault of the function until that says otherwise.
 */
export function mayPass(thrown: unknown, depth = 0): boolean {
  if (typeof thrown !== 'object' || thrown === null) return false;
  if (AssayError.is(thrown)) return thrown.retryable;
  const { retryable, isRetryable, name, code, cause, lastError, $retryable } = thrown as Readonly<
    Record<string, unknown>
  >;
  const said = retryable ?? isRetryable;
  if (typeof said === 'boolean') return said;
  if (typeof $retryable === 'object' && $retryable !== null) return true; // of AWS: there when it may pass
  const status = statusOf(thrown);
  if (status !== undefined) return PASSING.has(status) || status >= 500;
  if (name === 'TimeoutError' || (typeof code === 'string' && CONNECTION_CODES.test(code))) return true;
  return depth < CAUSES && mayPass(lastError ?? cause, depth + 1);
}

const CAUSES = 3;
const CONNECTION_CODES =
  /^(ECONN(RESET|REFUSED|ABORTED)|EPIPE|ETIMEDOUT|EAI_AGAIN|E(HOST|NET)(UNREACH|DOWN)|UND_ERR_(SOCKET|(CONNECT|HEADERS|BODY)_TIMEOUT))$/;

/** HTTP statuses below 500 that pass by themselves: request timeout, conflict of a lock, too early, too many requests. */
const PASSING: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/** The HTTP status that an error carries, if any: as a member, in its response, or among the metadata of AWS. */
export function statusOf(thrown: unknown): number | undefined {
  const { status, statusCode, response, $metadata } = (thrown ?? {}) as Readonly<Record<string, unknown>>;
  const found = status ?? statusCode ?? memberOf(response, 'status') ?? memberOf($metadata, 'httpStatusCode');
  return typeof found === 'number' && Number.isInteger(found) && found >= 100 && found < 600
    ? found
    : undefined;
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

function askedWaitMs(thrown: unknown, wallTime: number): number | undefined {
  const error = thrown as Readonly<Record<string, unknown>>;
  if (typeof error['retryAfterMs'] === 'number' && error['retryAfterMs'] >= 0) return error['retryAfterMs'];
  const headers = plainHeaders(
    error['responseHeaders'] ?? error['headers'] ?? memberOf(error['response'], 'headers'),
  );
  return headers === undefined ? undefined : retryAfterMs(headers, wallTime);
}

/** Headers of an SDK's error: a plain object, or a `Headers`. */
function plainHeaders(headers: unknown): ResponseHeaders | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers);
  return Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value as string]));
}
