import type { Ticket } from '../balancing/latency-estimate.js';
import type { EndpointConnection } from '../http/endpoint-connection.js';
import type { Clock } from '../../foundation/clock.js';
import type { DeadlineList } from './deadline-list.js';
import type { GivenUpRequests } from '../http/given-up-requests.js';

/** What all attempts of a client share. */
export interface AttemptSettings {
  readonly clock: Clock;
  readonly connect: DeadlineList;
  readonly firstByte: DeadlineList;
  readonly idle: DeadlineList;
  /** For what may follow the end of a streamed answer: its usage, the last word. */
  readonly ending: DeadlineList;
  /** For the end of a reply that has said its last word. */
  readonly said: DeadlineList;
  /** For the words of a refusal. */
  readonly refusal: DeadlineList;
  readonly whole: DeadlineList;
  readonly givenUp: GivenUpRequests;
  readonly maxResponseBytes: number;
}

/** What one attempt is made from. */
export interface NewAttempt {
  readonly settings: AttemptSettings;
  readonly connection: EndpointConnection;
  readonly ticket: Ticket;
  /** 1 for the first of its call. */
  readonly number: number;
  /** Whether another attempt of the call goes on beside it. */
  readonly hedge: boolean;
}
