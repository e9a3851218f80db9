import { AssayError } from '../errors.js';
import { integer, show, unknownOption } from '../foundation/options.js';
import type { ModelParameters } from './model-client.js';

const KNOWN: { readonly [Name in keyof ModelParameters]-?: true } = {
  maxTokens: true,
  temperature: true,
  topP: true,
  seed: true,
  stop: true,
  logprobs: true,
  tools: true,
  responseFormat: true,
  extraBody: true,
};

const atLeastOne = integer(1);

/**
 * The error for parameters that would not be sent as they are meant (`ASSAY_INVALID_OPTION`): a name that nobody
 * knows, as `max_tokens`, would be dropped in silence. `undefined` for good ones. Servers judge the values; only
 * `maxTokens` is counted with here.
 */
export function checkParameters(parameters: ModelParameters | undefined): AssayError | undefined {
  if (parameters === undefined) return undefined;
  if (typeof parameters !== 'object' || parameters === null) {
    return new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`parameters\` to be an object, got ${show(parameters)}`,
    );
  }
  for (const name in parameters) {
    if (Object.hasOwn(KNOWN, name)) continue;
    const { message } = unknownOption('`parameters`', name, Object.keys(KNOWN));
    return new AssayError(
      'ASSAY_INVALID_OPTION',
      `${message} (what only the server knows goes into \`extraBody\`)`,
    );
  }
  const maxTokens = parameters.maxTokens ?? undefined;
  const expected = maxTokens === undefined ? undefined : atLeastOne(maxTokens);
  if (expected === undefined) return undefined;
  return new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`maxTokens\` of \`parameters\` to be ${expected}, got ${show(maxTokens)}`,
  );
}
