import type { GivenToolCall } from '../client/given-tool-calls.js';
import { list, record } from '../client/protocols/protocol.js';
import { InputError } from '../errors.js';
import { show } from '../foundation/options.js';
import { StepRecorder, type RecordedSteps } from './step-recorder.js';

type Attributes = Readonly<Record<string, unknown>>;

interface Span {
  readonly attributes: Attributes;
  /** Nanoseconds; 0 when it is not told. */
  readonly startedAt: bigint;
  readonly failed: boolean;
}

interface ToolSpan {
  readonly id: unknown;
  readonly name: string;
  readonly arguments: unknown;
  readonly result: unknown;
}

/**
 * The tool calls of one trace: OpenTelemetry spans as its JavaScript SDK has them (`ReadableSpan`) or as OTLP's JSON has
 * them, in any order, those of other kinds among them. Known are the conventions of OpenTelemetry (`execute_tool`), the AI
 * SDK and OpenInference. A call that two of them tell (by its id) counts once; calls of the model's are turns.
 * Instrumentations leave arguments out unless told to record contents: such a call has `{}`.
 *
 * @throws InputError `ASSAY_INVALID_INPUT` for what is no list of spans.
 */
export function fromSpans(spans: Iterable<unknown>): RecordedSteps {
  const read = [...spansOf(spans)].sort((a, b) =>
    a.startedAt < b.startedAt ? -1 : Number(a.startedAt > b.startedAt),
  );
  const recorder = new StepRecorder();
  const seen = new Set<unknown>();
  for (const { attributes, failed } of read) {
    if (isModelCall(attributes)) recorder.turn();
    const tool = toolOf(attributes);
    if (tool === undefined || (typeof tool.id === 'string' && seen.has(tool.id))) continue;
    seen.add(tool.id);
    recorder.call({ id: tool.id, name: tool.name, arguments: tool.arguments } as GivenToolCall);
    recorder.result(undefined, failed ? 'failed' : 'ok', tool.result);
  }
  return recorder.read();
}

function* spansOf(given: Iterable<unknown>): Generator<Span> {
  const iterable = typeof given === 'object' && given !== null && Symbol.iterator in given;
  if (!iterable) throw new InputError('ASSAY_INVALID_INPUT', `Expected a list of spans, got ${show(given)}`);
  for (const each of given) {
    if (typeof each !== 'object' || each === null)
      throw new InputError('ASSAY_INVALID_INPUT', `Expected a list of spans, got ${show(each)} in it`);
    const span = record(each);
    const attributes = attributesOf(span['attributes']);
    const { code } = record(span['status']);
    const failed = code === 2 || code === 'STATUS_CODE_ERROR' || attributes['error.type'] !== undefined;
    yield { attributes, startedAt: startOf(span), failed };
  }
}

/** An object, or OTLP's list of keys and values. */
function attributesOf(given: unknown): Attributes {
  if (!Array.isArray(given)) return record(given);
  return Object.fromEntries(
    given.map((each) => [String(record(each)['key']), plainValue(record(each)['value'])]),
  );
}

function plainValue(value: unknown): unknown {
  const { stringValue, intValue, doubleValue, boolValue, kvlistValue, arrayValue } = record(value);
  if (kvlistValue !== undefined) return attributesOf(list(record(kvlistValue)['values']));
  if (arrayValue !== undefined) return list(record(arrayValue)['values']).map(plainValue);
  return stringValue ?? boolValue ?? doubleValue ?? (intValue === undefined ? undefined : Number(intValue));
}

function startOf({ startTime, startTimeUnixNano }: Readonly<Record<string, unknown>>): bigint {
  try {
    if (Array.isArray(startTime))
      return BigInt(startTime[0] as number) * 1_000_000_000n + BigInt(startTime[1] as number);
    return BigInt((startTimeUnixNano as string | number | undefined) ?? 0);
  } catch {
    return 0n;
  }
}

const MODEL_OPERATIONS: readonly unknown[] = ['chat', 'generate_content', 'text_completion'];

function isModelCall(attributes: Attributes): boolean {
  if (MODEL_OPERATIONS.includes(attributes['gen_ai.operation.name'])) return true;
  if (attributes['openinference.span.kind'] === 'LLM') return true;
  return /^ai\.\w+\.do(?:Generate|Stream)$/.test(String(attributes['ai.operationId'] ?? ''));
}

function toolOf(of: Attributes): ToolSpan | undefined {
  if (of['gen_ai.operation.name'] === 'execute_tool')
    return tool(of, {
      id: 'gen_ai.tool.call.id',
      name: 'gen_ai.tool.name',
      arguments: 'gen_ai.tool.call.arguments',
      result: 'gen_ai.tool.call.result',
    });
  if (of['ai.operationId'] === 'ai.toolCall' || of['ai.toolCall.name'] !== undefined)
    return tool(of, {
      id: 'ai.toolCall.id',
      name: 'ai.toolCall.name',
      arguments: 'ai.toolCall.args',
      result: 'ai.toolCall.result',
    });
  if (of['openinference.span.kind'] === 'TOOL')
    return tool(of, {
      id: 'tool.id',
      name: 'tool.name',
      arguments: 'input.value',
      result: 'output.value',
    });
  return undefined;
}

const tool = (of: Attributes, at: Readonly<Record<keyof ToolSpan, string>>): ToolSpan => ({
  id: of[at.id],
  name: String(of[at.name] ?? ''),
  arguments: of[at.arguments],
  result: of[at.result],
});
