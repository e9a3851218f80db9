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
