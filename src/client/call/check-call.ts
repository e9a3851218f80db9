import { milliseconds, show } from '../../foundation/options.js';
import { ownSignalOf } from '../cancellable-call.js';
import { checkParameters } from '../check-parameters.js';
import { EndpointError } from '../endpoint-error.js';
import type { CallOptions, ModelInput, ModelRequest } from '../model-client.js';

/** The error of a call that cannot be made as it was asked for (`ASSAY_INVALID_OPTION`); `undefined` for a good one. */
export function checkCall(
  request: ModelRequest,
  options: CallOptions | undefined,
): EndpointError | undefined {
  const input = (request as Partial<ModelRequest> | null | undefined)?.input;
  if (!isInput(input)) return invalid('input', { expected: 'a string or a list of messages', value: input });
  const wrong = checkParameters(request.parameters);
  if (wrong !== undefined) return new EndpointError(wrong.code, wrong.message);
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null)
    return invalid('options', { expected: 'an object', value: options });
  const { timeoutMs } = options;
  const signal: unknown = ownSignalOf(options);
  if (timeoutMs !== undefined) {
    const expected = milliseconds(timeoutMs);
    if (expected !== undefined) return invalid('timeoutMs', { expected, value: timeoutMs });
  }
  // By structure: a signal may come from another realm or from a polyfill.
  if (
    signal !== undefined &&
    typeof (signal as Partial<AbortSignal> | null)?.addEventListener !== 'function'
  ) {
    return invalid('signal', { expected: 'an AbortSignal', value: signal });
  }
  return undefined;
}

function isInput(input: unknown): input is ModelInput {
  if (typeof input === 'string') return true;
  return Array.isArray(input) && input.every((message) => typeof message === 'object' && message !== null);
}

function invalid(
  name: string,
  { expected, value }: { readonly expected: string; readonly value: unknown },
): EndpointError {
  return new EndpointError(
    'ASSAY_INVALID_OPTION',
    `Expected \`${name}\` of a call to be ${expected}, got ${show(value)}`,
  );
}
