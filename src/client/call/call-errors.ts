import { AssayError, messageOf, type AssayErrorCode } from '../../errors.js';
import type { Endpoint } from '../balancing/endpoint.js';
import { EndpointError, withoutStack, type EndpointErrorOptions } from '../endpoint-error.js';

/** How far a call had come when it ended for a reason that is not an attempt's. */
export interface CallSoFar {
  readonly lastError: EndpointError | undefined;
  /** Id of the endpoint that it is at, or was at last. */
  readonly endpoint: string | null;
}

/** The call's time is up. */
export function deadlinePassed(call: CallSoFar, waitedMs: number): EndpointError {
  const message = `the call was not answered within ${Math.round(waitedMs)} ms${lastWords(call)}`;
  const retryAfterMs = call.lastError?.retryAfterMs ?? undefined;
  return withoutStack(() =>
    make('ASSAY_DEADLINE', message, {
      call,
      retryAfterMs,
    }),
  );
}

/** The call would have to wait past its deadline, so that it fails now. */
export function deadlineTooNear(call: CallSoFar, waitMs: number): EndpointError {
  const message = `the call would have to wait ${Math.ceil(waitMs)} ms, past its deadline${lastWords(call)}`;
  return withoutStack(() =>
    make('ASSAY_DEADLINE', message, {
      call,
      retryAfterMs: waitMs,
    }),
  );
}

/** The only endpoint left asks to wait for longer than a call may. */
export function pauseTooLong(
  call: CallSoFar,
  { endpoint, pauseMs }: { readonly endpoint: Endpoint; readonly pauseMs: number },
): EndpointError {
  const message = `${endpoint.id} asks to wait ${Math.ceil(pauseMs / 1000)} s`;
  return make('ASSAY_RATE_LIMITED', message, {
    call,
    endpoint: endpoint.id,
    retryAfterMs: pauseMs,
  });
}

/** No endpoint came back in time; says what those in quarantine said. */
export function noEndpoint(
  call: CallSoFar,
  { endpoints, waitMs }: { readonly endpoints: readonly Endpoint[]; readonly waitMs: number },
): EndpointError {
  const refusals = endpoints.flatMap((endpoint) => endpoint.refusal ?? []);
  const last = call.lastError;
  const why = [
    ...refusals.map((each) => `; quarantined: ${each.message}`),
    ...(last === undefined || refusals.includes(last) ? [] : [lastWords(call)]),
  ];
  return make('ASSAY_NO_ENDPOINT', `no endpoint became available in time${why.join('')}`, {
    call,
    cause: last ?? refusals[0],
    endpointAtFault: true,
    retryAfterMs: Number.isFinite(waitMs) ? waitMs : undefined,
  });
}

/** The host's own policy threw, or picked none of the candidates. */
export function policyFailed(error: unknown): EndpointError {
  return new EndpointError('ASSAY_INVALID_OPTION', `the policy failed: ${messageOf(error)}`, {
    cause: error,
  });
}

/** The request holds something that no JSON can, or that the endpoint's protocol cannot carry. */
export function unwritable(error: unknown): EndpointError {
  const why = AssayError.is(error) ? error.message : 'the request is not plain JSON';
  return new EndpointError('ASSAY_BAD_REQUEST', why, { cause: error });
}

function lastWords({ lastError }: CallSoFar): string {
  return lastError === undefined ? '' : `; the last failure: ${lastError.message}`;
}

function make(
  code: AssayErrorCode,
  message: string,
  { call: { lastError, endpoint }, ...options }: EndpointErrorOptions & { readonly call: CallSoFar },
): EndpointError {
  return new EndpointError(code, message, {
    cause: lastError,
    retryable: true,
    endpoint,
    status: lastError?.status ?? null,
    requestId: lastError?.requestId ?? undefined,
    ...options,
  });
}
