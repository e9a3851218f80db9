import type { BatchEvents, ProgressEvent } from '../../../src/batch/batch-events.js';
import type { CacheEvents } from '../../../src/cache/cache-events.js';
import type { ClientEvents } from '../../../src/client/client-events.js';
import type { CaseResult, ScoredCaseResult } from '../../../src/evaluation/evaluation-types.js';
import { EventSource, type BaseEventMap } from '../../../src/foundation/event-source.js';
import type { ResultStoreEvents } from '../../../src/stores/result-store.js';

/** An event source whose `emit` and `wants` a test may call. */
class OpenSource<Events extends BaseEventMap> extends EventSource<Events> {
  fire<Name extends keyof Events & string>(event: Name, payload: Events[Name]): void {
    this.emit(event, payload);
  }

  isWanted(event: keyof Events & string): boolean {
    return this.wants(event);
  }
}

/** Emits what a BatchProcessor emits. */
export class FakeProcessor extends OpenSource<BatchEvents> {}
/** Emits what a LoadBalancedClient emits. */
export class FakeClient extends OpenSource<ClientEvents> {}
/** Emits what a MemoryBoundedCache emits. */
export class FakeCache extends OpenSource<CacheEvents> {}
/** Emits what a result store emits. */
export class FakeStore extends OpenSource<ResultStoreEvents> {}

/** A scored result; override what a test is about. */
export function scoredResult(overrides: Partial<ScoredCaseResult> = {}): ScoredCaseResult {
  return {
    runId: 'run-1',
    caseId: 'case-1',
    repetition: 0,
    outcome: 'scored',
    model: 'model-a',
    endpoint: 'gpu-1',
    attempts: 1,
    usage: { inputTokens: 10, outputTokens: 5 },
    cost: 0.001,
    cached: false,
    timings: { queuedMs: 1, targetMs: 100, timeToFirstTokenMs: null, evaluationMs: 2 },
    startedAt: 1_700_000_000_000,
    evaluation: {
      evaluator: 'capitals',
      version: '1',
      overallScore: 0.5,
      dimensions: [{ name: 'accuracy', outcome: 'scored', score: 0.5, durationMs: 1 }],
    },
    response: { text: 'Paris', finishReason: 'stop', requestId: 'req-1' },
    ...overrides,
  };
}

/** An errored result with the given code. */
export function erroredResult(
  code: NonNullable<CaseResult['error']>['code'] = 'ASSAY_SERVER',
  overrides: Partial<CaseResult> = {},
): CaseResult {
  const { evaluation: _evaluation, response: _response, ...base } = scoredResult();
  return {
    ...base,
    ...overrides,
    outcome: 'errored',
    error: { code, message: 'the model said: secret prompt text', retryable: true },
  } as CaseResult;
}

/** A progress event; override what a test is about. */
export function progressEvent(overrides: Partial<ProgressEvent> = {}): ProgressEvent {
  return {
    at: 1_700_000_000_000,
    runId: 'run-1',
    done: 42,
    total: 100,
    scored: 40,
    unscored: 0,
    errored: 2,
    skipped: 0,
    inFlight: 8,
    ratePerSecond: 12.5,
    etaMs: 4640,
    score: { n: 40, results: 42, mean: 0.8125, low: 0.79, high: 0.84 },
    cost: 1.5,
    tokens: 1234,
    ...overrides,
  };
}
