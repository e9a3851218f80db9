import { sumSpending, type Spending } from '../client/spending.js';
import type { AttemptRecord } from '../client/endpoint-error.js';
import type { ModelResponse, TokenUsage } from '../client/model-client.js';
import { estimateTokens } from '../client/token-estimate.js';
import { isAmount, isUsage } from './whole-response.js';

/** One case's way to the target: what its failed tries came to, whatever becomes of the case. */
export class TargetCall {
  /** When it was begun, wall time. */
  readonly startedAt: number;
  /** When the target had answered or failed, monotonic time. */
  endedAt = 0;
  /** The answer; `undefined` before and when there is none. */
  response: ModelResponse | undefined = undefined;
  /** Ends an answer that others wait for, too: the cache's signal; `undefined` when the case asks for itself alone. */
  sharedSignal: AbortSignal | undefined = undefined;
  /** Whether the answer came from the cache. */
  cached = false;
  /** Whether a client is being asked now. */
  pending = false;
  /** Failed attempts, those that a client made by itself among them. */
  attempts = 0;
  /** Attempts that a server answered without an answer and without telling what they cost. */
  untold = 0;
  /** Tokens of what they had written, guessed, beyond what was told. */
  untoldOutput = 0;
  /** Id of the endpoint that failed last; `null` when none is known. */
  endpoint: string | null = null;
  /** What the failed tries have used, as far as it was told. */
  spent: Spending | undefined = undefined;

  constructor(startedAt: number) {
    this.startedAt = startedAt;
  }

  /** Notes a try that failed; `tries`: what it counts as when its error does not list attempts. */
  failed(thrown: unknown, tries: number): void {
    const { attempts, endpoint, usage, cost } = readable(thrown);
    this.attempts += attempts?.length ?? tries;
    for (const attempt of attempts ?? []) {
      if (isUntold(attempt)) this.untold++;
      const written = estimateTokens(attempt.receivedCharacters ?? 0);
      this.untoldOutput += Math.max(0, written - (attempt.usage?.outputTokens ?? 0));
    }
    if (endpoint !== undefined) this.endpoint = endpoint;
    if (usage !== null || cost !== null) this.spent = sumSpending(this.spent, { usage, cost });
  }
}

function isUntold({ status, usage }: AttemptRecord): boolean {
  return status !== null && status < 300 && usage === undefined;
}

interface FailedCall {
  readonly attempts?: readonly AttemptRecord[] | undefined;
  readonly endpoint?: string | undefined;
  readonly usage: TokenUsage | null;
  readonly cost: number | null;
}

/** What an error says of its call; nothing, when it throws as it is read. */
function readable(thrown: unknown): FailedCall {
  try {
    const { attempts, endpoint, usage, cost } = (thrown ?? {}) as Readonly<Record<keyof FailedCall, unknown>>;
    return {
      attempts: Array.isArray(attempts) ? (attempts as readonly AttemptRecord[]) : undefined,
      endpoint: typeof endpoint === 'string' ? endpoint : undefined,
      usage: isUsage(usage) ? usage : null,
      cost: isAmount(cost) ? cost : null,
    };
  } catch {
    return { usage: null, cost: null };
  }
}
