import type { EndpointError } from '../endpoint-error.js';
import type { Failure } from '../http/failure.js';
import type { ProtocolReply } from '../protocols/protocol.js';

/** What a server answered, as its protocol reads it and as it came. */
export interface AttemptAnswer {
  readonly reply: ProtocolReply;
  readonly raw: unknown;
}

/** Why an attempt failed: what kind of failure it was, and the error that says so. */
export interface AttemptFault {
  readonly failure: Failure;
  readonly error: EndpointError;
}
