import { AssayError } from '../errors.js';

/**
 * Members whose text is an id, a name of the host's own making or a word of a fixed vocabulary. All other text
 * may be, or quote, a prompt, an answer or a key.
 */
const TEXT_THAT_IS_NO_CONTENT: ReadonlySet<string> = new Set([
  'runId',
  'caseId',
  'batchId',
  'requestId',
  'callId',
  'model',
  'endpoint',
  'evaluator',
  'evaluatorVersion',
  'version',
  'packageVersion',
  'configurationHash',
  'name',
  'group',
  'cluster',
  'outcome',
  'finishReason',
  'reason',
  'budget',
  'tier',
  'state',
  'status',
  'severity',
  'rule',
  'handler',
  'event',
  'code',
  'file',
]);

/** Members that are left out whole: the host's own data, and raw parts of answers. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'metadata',
  'output',
  'contexts',
  'logprobs',
  'toolCalls',
  'raw',
  'labels',
  'key',
]);

const LONGEST_TEXT = 512;
const DEEPEST = 8;

/**
 * The part of an event's payload that may be kept without being asked: numbers, flags, ids, error codes. Texts of
 * cases, models, evaluators and errors are left out, whatever member they stand in, also in events that this
 * package does not know.
 */
export function redactPayload(payload: unknown): unknown {
  return redact(payload, '', 0);
}

function redact(value: unknown, member: string, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value); // JSON would turn Infinity into null
    case 'boolean':
      return value;
    case 'string':
      return isWord(member, value) ? value.slice(0, LONGEST_TEXT) : undefined;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (member === 'error' || value instanceof Error) return redactError(value);
  if (depth >= DEEPEST) return undefined;
  if (Array.isArray(value)) {
    const kept = value.map((each) => redact(each, member, depth + 1)).filter((each) => each !== undefined);
    return kept.length === 0 && value.length > 0 ? undefined : kept;
  }
  const kept: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, each] of Object.entries(value)) {
    if (LEFT_OUT.has(name)) continue;
    const redacted = redact(each, name, depth + 1);
    if (redacted !== undefined) kept[name] = redacted;
  }
  return kept;
}

/** A `reason` is a fixed word in events ("failure-rate"), but a sentence in evaluations. */
function isWord(member: string, value: string): boolean {
  if (!TEXT_THAT_IS_NO_CONTENT.has(member)) return false;
  return member !== 'reason' || /^[a-z][a-z-]{0,40}$/.test(value);
}

/** Code, status and the like; never the message, which may quote a prompt, and never the cause. */
function redactError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return {};
  const { code, status, retryable, retryAfterMs, requestId, name } = error as Record<string, unknown>;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(error instanceof Error && !AssayError.is(error) && typeof name === 'string' ? { name } : {}),
  };
}
