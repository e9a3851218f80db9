import type { AssayErrorCode } from '../../errors.js';
import type { Clock } from '../../foundation/clock.js';
import type { RandomSource } from '../../foundation/seeded-random.js';
import type { AttemptSettings } from './attempt-settings.js';
import type { CallReporter } from './call-reporter.js';
import type { DeadlineList, DeadlineLists } from './deadline-list.js';
import type { EndpointConnection } from '../http/endpoint-connection.js';
import type { EndpointError } from '../endpoint-error.js';
import type { EndpointSelector } from '../balancing/endpoint-selector.js';
import type { HealthChecker } from '../http/health-checker.js';
import type { HedgePlan } from './hedge.js';
import type { ListNode } from '../../foundation/linked-list.js';
import type { ModelParameters, ModelRequest, ModelResponse } from '../model-client.js';
import type { RetryBudget } from './retry-budget.js';
import type { RetrySettings } from './retry.js';
import type { WorkEstimate } from './work-estimate.js';
import type { KeyWatch } from '../http/key-watch.js';
import type { SilenceWatch } from '../balancing/silence-watch.js';
import type { WaitingRoom } from '../balancing/waiting-room.js';

/** A call that can be ended from outside. */
export interface AbortableCall {
  /** Its entry in the list of calls under way; set by the client. */
  entry: ListNode<AbortableCall> | undefined;
  abort(reason: unknown, told: AbortMessage): void;
}

/** What the error of a call says that was ended from outside. */
export interface AbortMessage {
  readonly code: AssayErrorCode;
  readonly message: string;
}

/** What all calls of a client share. */
export interface CallSettings {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly selector: EndpointSelector;
  readonly room: WaitingRoom;
  readonly silence: SilenceWatch;
  readonly keyWatch: KeyWatch;
  readonly connections: readonly EndpointConnection[];
  readonly attempts: AttemptSettings;
  readonly deadlines: DeadlineLists;
  /** Longest total time of a call. */
  readonly deadlineMs: number;
  readonly healthyWaits: DeadlineList;
  readonly retry: RetrySettings;
  readonly budget: RetryBudget | undefined;
  readonly hedge: HedgePlan | undefined;
  readonly work: WorkEstimate;
  readonly model: string | undefined;
  readonly parameters: ModelParameters | undefined;
  readonly reporter: CallReporter;
  readonly healthChecker: HealthChecker | undefined;
  /** A call is settled. */
  readonly ended: (call: AbortableCall) => void;
}

/** Where a call's outcome goes. */
export interface CallSink {
  /** A piece of a streamed answer; `false` when the reader is behind. Left out: nobody reads along. */
  text?(text: string): boolean;
  answered(response: ModelResponse): void;
  failed(error: EndpointError): void;
}

/** What a `ClientCall` is made from. */
export interface NewCall {
  readonly id: number;
  readonly request: ModelRequest;
  /** Whether the answer is streamed. */
  readonly stream: boolean;
  readonly sink: CallSink;
}
