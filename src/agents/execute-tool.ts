import type { ToolCall } from '../client/tool-call.js';
import { messageOf } from '../errors.js';
import { onAbort } from '../foundation/cancellation.js';
import { systemClock } from '../foundation/clock.js';
import { issuesOf } from '../scorers/json/json-schema.js';
import type { AgentStep, StepOutcome, Tool, ToolContext } from './tool-run.js';

interface Told {
  readonly outcome: StepOutcome;
  /** What the model is told. */
  readonly result: string;
}

/**
 * Answers a call: whatever is wrong with it, and whatever the tool throws, is told to the model. Rejects only with the
 * signal's reason.
 */
export async function executeTool<State>(
  tools: ReadonlyMap<string, Tool<State>>,
  context: ToolContext<State>,
): Promise<AgentStep & { readonly result: string }> {
  const { call, turn, signal } = context;
  const begunAt = systemClock.now();
  const { outcome, result } = await answerCall(tools, context);
  signal.throwIfAborted();
  return {
    turn,
    id: call.id,
    name: call.name,
    arguments: call.arguments,
    outcome,
    result,
    durationMs: systemClock.now() - begunAt,
  };
}

const MOST_QUOTED = 200;

async function answerCall<State>(
  tools: ReadonlyMap<string, Tool<State>>,
  context: ToolContext<State>,
): Promise<Told> {
  const { call, signal } = context;
  const tool = tools.get(call.name);
  if (tool === undefined) {
    const known = [...tools.keys()].join(', ');
    return refused('unknown-tool', `there is no tool ${JSON.stringify(call.name)}; there is ${known}`);
  }
  if (call.invalid === true) return refused('invalid-arguments', notAnObject(call));
  try {
    let args = call.arguments;
    if (tool.schema !== undefined) {
      const checked = await unlessAborted(tool.schema['~standard'].validate(args), signal);
      const issues = issuesOf(checked);
      if (issues.length > 0) return refused('invalid-arguments', issues.join('; '));
      if ('value' in checked) args = checked.value;
    }
    const returned = await unlessAborted(
      tool.execute(args as Readonly<Record<string, unknown>>, context),
      signal,
    );
    return { outcome: 'ok', result: resultText(returned) };
  } catch (error) {
    return refused('failed', messageOf(error));
  }
}

const refused = (outcome: StepOutcome, why: string): Told => ({ outcome, result: `Error: ${why}` });

function notAnObject({ argumentsText }: ToolCall): string {
  const quoted =
    argumentsText.length > MOST_QUOTED ? `${argumentsText.slice(0, MOST_QUOTED)}…` : argumentsText;
  return `the arguments are not a JSON object: ${quoted}`;
}

/** @throws TypeError for what JSON cannot write. */
function resultText(returned: unknown): string {
  if (typeof returned === 'string') return returned;
  if (returned === undefined) return 'ok';
  const text: string | undefined = JSON.stringify(returned);
  if (text === undefined) throw new TypeError(`the tool returned a ${typeof returned}, which is no JSON`);
  return text;
}

/** A tool that hangs does not hold what was aborted. */
function unlessAborted<Value>(value: Value, signal: AbortSignal): Promise<Awaited<Value>> {
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal.reason as Error));
    Promise.resolve(value).then(resolve, reject).finally(off);
  });
}
