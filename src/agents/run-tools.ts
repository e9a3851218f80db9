import type {
  ChatMessage,
  ModelClient,
  ModelInput,
  ModelParameters,
  ModelResponse,
} from '../client/model-client.js';
import { isModelClient } from '../client/model-client.js';
import { mergeParameters } from '../client/merge-parameters.js';
import { messagesOf } from '../client/protocols/protocol.js';
import { sumSpending, tokensOf, type Spending } from '../client/spending.js';
import type { ToolCall, ToolDefinition } from '../client/tool-call.js';
import { AssayError, InputError } from '../errors.js';
import type { TestCase } from '../evaluation/evaluation-types.js';
import {
  callable,
  checkArgument,
  checkOptions,
  integer,
  list,
  object,
  positive,
  requireOptions,
  show,
  text,
  type OptionChecks,
} from '../foundation/options.js';
import { calledTurn } from './called-turn.js';
import { executeTool } from './execute-tool.js';
import { ToolRunError } from './tool-run-error.js';
import type { AgentStep, Tool, ToolRun, ToolRunStop } from './tool-run.js';

/** What an agent may use up for one answer. When it is reached no further turn is begun. */
export interface ToolRunBudget {
  /** Money for all turns, in the unit of the client's price table, > 0. */
  readonly maxCost?: number | undefined;
  /** Input and output tokens of all turns together, > 0. */
  readonly maxTokens?: number | undefined;
}

/** Options of {@link runTools}. */
export interface RunToolsOptions<State = unknown> {
  /** The tools that the model may call, at least one, with different names. */
  readonly tools: readonly Tool<State>[];
  /** Most answers of the model, >= 1. @default 8 */
  readonly maxTurns?: number | undefined;
  /** What stands before the messages of the input, as a system message. @default nothing */
  readonly system?: string | undefined;
  /** Makes what the tools of one run work on, fresh for each run. It is told as `metadata.state`, so let it be JSON. */
  readonly state?:
    ((testCase: TestCase<unknown, unknown, unknown> | undefined) => State | Promise<State>) | undefined;
  /** Model to ask. @default the client's own */
  readonly model?: string | undefined;
  /** How the model shall answer; the case's own are laid over them. */
  readonly parameters?: Omit<ModelParameters, 'tools'> | undefined;
  /** When the turns have cost enough. @default no limit */
  readonly budget?: ToolRunBudget | undefined;
}

/** What an agent may be told beside the input; the context of a function target is one. */
export interface AgentContext {
  /** Ends the run: it rejects with what the client, or the signal, says. */
  readonly signal?: AbortSignal | undefined;
  /** The case that is answered: for `state`, for tools, and for its `parameters`. */
  readonly testCase?: TestCase<unknown, unknown, unknown> | undefined;
}

/** A model with tools, as a function of an input: call it, or give it to a processor as its target. */
export type ToolAgent<State = unknown> = (
  input: ModelInput,
  context?: AgentContext,
) => Promise<ToolRun<State>>;

const CHECKS: OptionChecks<RunToolsOptions> = {
  tools: list,
  maxTurns: integer(1),
  system: text,
  state: callable,
  model: text,
  parameters: object,
  budget: object,
};

/**
 * A plain agent: asks the model, answers the tools that it calls (one after the other, in their order), and asks again until
 * it answers without a call.
 *
 * - A tool that there is not, arguments that are no JSON object or that `schema` refuses, and a tool that throws are errors
 *   that the model is told, and steps of the run.
 * - `maxTurns` and `budget` end a run with a stated `metadata.stopReason`; its calls that nobody answered are `not-run`. Such
 *   a run has an answer, if often an empty one.
 * - What a model reasoned before it called goes back to it beside the results, in the form in which its server wants it:
 *   Anthropic's thinking blocks with their signatures, reasoning items of OpenAI's responses that are encrypted (ask for them
 *   by `extraBody: { include: ['reasoning.encrypted_content'] }`) or stored there, `reasoning_content` and its like of chats,
 *   Ollama's `thinking`, the AI SDK's reasoning parts.
 * - Usage and cost are those of all turns. When a turn fails the run rejects with a {@link ToolRunError} that tells what all
 *   turns have used.
 * - It works with every protocol that carries tools, and with models of the AI SDK.
 *
 * @example
 * const agent = runTools(client, {
 *   tools: [{ name: 'now', description: 'The time', execute: () => new Date().toISOString() }],
 *   maxTurns: 8,
 * });
 * const { output, metadata } = await agent('What time is it?');
 * new BatchProcessor({ target: agent, evaluator });
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function runTools<State = undefined>(
  client: ModelClient,
  options: RunToolsOptions<State>,
): ToolAgent<State> {
  checkArgument(client, (value) => (isModelClient(value) ? undefined : 'a ModelClient'), ' to run tools for');
  const checked = checkOptions<RunToolsOptions<State>>(
    'runTools',
    options,
    CHECKS as OptionChecks<RunToolsOptions<State>>,
  );
  requireOptions('runTools', checked, ['tools']);
  if (checked.budget !== undefined)
    checkOptions('runTools.budget', checked.budget, { maxCost: positive, maxTokens: positive });
  const tools = toolsByName(checked.tools);
  return async (input, context = {}) => {
    const { testCase, signal = new AbortController().signal } = context;
    const messages = startOf(input, checked.system);
    const state = (await checked.state?.(testCase)) as State;
    const loop = new ToolLoop({ client, options: checked, tools, state, testCase, signal });
    return loop.run(messages);
  };
}

function toolsByName<State>(tools: readonly Tool<State>[]): ReadonlyMap<string, Tool<State>> {
  const byName = new Map<string, Tool<State>>();
  for (const tool of tools) {
    const { name, execute } = (tool ?? {}) as Partial<Tool<State>>;
    const expected =
      text(name) !== undefined || typeof execute !== 'function'
        ? 'tools with a name and `execute`'
        : byName.has(name as string)
          ? 'tools with different names'
          : undefined;
    if (expected !== undefined)
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected \`tools\` of runTools to be ${expected}, got ${show(name)}`,
      );
    byName.set(name as string, tool);
  }
  if (byName.size > 0) return byName;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    'Expected `tools` of runTools to hold a tool, got an array of 0',
  );
}

function startOf(input: unknown, system: string | undefined): ChatMessage[] {
  if (typeof input !== 'string' && !Array.isArray(input))
    throw new InputError(
      'ASSAY_INVALID_CASE',
      `Expected the input of an agent to be a prompt or an array of messages, got ${show(input)}`,
    );
  const before = system === undefined ? [] : [{ role: 'system', content: system }];
  return [...before, ...messagesOf(input as ModelInput)];
}

interface LoopParts<State> {
  readonly client: ModelClient;
  readonly options: RunToolsOptions<State>;
  readonly tools: ReadonlyMap<string, Tool<State>>;
  readonly state: State;
  readonly testCase: TestCase<unknown, unknown, unknown> | undefined;
  readonly signal: AbortSignal;
}

/** One run of an agent. */
class ToolLoop<State> {
  readonly #parts: LoopParts<State>;
  readonly #parameters: ModelParameters;
  readonly #steps: AgentStep[] = [];
  readonly #calls: ToolCall[] = [];
  readonly #ids = new Set<string>();
  #spent: Spending | undefined;
  #turns = 0;
  #attempts = 0;
  #latencyMs = 0;

  constructor(parts: LoopParts<State>) {
    this.#parts = parts;
    const own = mergeParameters(parts.options.parameters, parts.testCase?.parameters);
    this.#parameters = { ...own, tools: [...parts.tools.values()].map(definitionOf) };
  }

  async run(messages: ChatMessage[]): Promise<ToolRun<State>> {
    const { maxTurns = 8 } = this.#parts.options;
    for (;;) {
      const response = await this.#ask(messages);
      const calls = (response.toolCalls ?? []).map((call) => this.#withOwnId(call));
      this.#calls.push(...calls);
      if (calls.length === 0) return this.#end(response, 'answer');
      const enough = this.#turns >= maxTurns ? 'max-turns' : this.#overBudget ? 'budget' : undefined;
      if (enough !== undefined) {
        for (const call of calls) this.#steps.push(notRun(call, this.#turns));
        return this.#end(response, enough);
      }
      messages.push(...calledTurn(response, calls.map(sendable)));
      for (const call of calls) messages.push(await this.#answer(call));
    }
  }

  async #ask(messages: readonly ChatMessage[]): Promise<ModelResponse> {
    const { client, options, signal } = this.#parts;
    this.#turns++;
    try {
      const { model } = options;
      const request = { input: [...messages], model, parameters: this.#parameters, includeRaw: true };
      const response = await client.complete(request, { signal });
      this.#spent = sumSpending(this.#spent, { usage: response.usage, cost: response.cost });
      this.#attempts += response.attempts;
      this.#latencyMs += response.latencyMs;
      return response;
    } catch (cause) {
      const { usage = null, cost = null } = (cause ?? {}) as Partial<Spending>;
      this.#spent = sumSpending(this.#spent, { usage, cost });
      throw this.#failed(cause);
    }
  }

  async #answer(call: ToolCall): Promise<ChatMessage> {
    const { tools, state, testCase, signal } = this.#parts;
    try {
      const step = await executeTool(tools, { call, state, testCase, signal, turn: this.#turns });
      this.#steps.push(step);
      return { role: 'tool', toolCallId: call.id, toolName: call.name, content: step.result };
    } catch (reason) {
      const aborted = AssayError.is(reason)
        ? reason
        : new AssayError('ASSAY_ABORTED', 'the run was aborted', { cause: reason });
      throw this.#failed(aborted);
    }
  }

  #failed(cause: unknown): ToolRunError {
    // a client that has tried again by itself shall not have the whole run repeated for it
    const retryable = AssayError.is(cause) && cause.retryable && this.#parts.client.retriesItself !== true;
    const { usage, cost } = this.#spent ?? { usage: null, cost: null };
    return new ToolRunError({ cause, retryable, turn: this.#turns, steps: [...this.#steps], usage, cost });
  }

  get #overBudget(): boolean {
    const { maxCost = Infinity, maxTokens = Infinity } = this.#parts.options.budget ?? {};
    const { usage, cost } = this.#spent ?? { usage: null, cost: null };
    return (cost ?? 0) >= maxCost || tokensOf(usage) >= maxTokens;
  }

  /** Ids that a protocol does not have are counted in each answer anew: the second `call_0` is another call. */
  #withOwnId(call: ToolCall): ToolCall {
    let id = call.id;
    for (let n = this.#turns; this.#ids.has(id); n++) id = `${call.id}_${n}`;
    this.#ids.add(id);
    return id === call.id ? call : { ...call, id };
  }

  #end(response: ModelResponse, stopReason: ToolRunStop): ToolRun<State> {
    const { model, finishReason, endpoint, requestId, reasoning, text: output } = response;
    const { options, state } = this.#parts;
    return {
      output,
      toolCalls: this.#calls,
      ...(reasoning === undefined ? {} : { reasoning }),
      model,
      finishReason,
      endpoint,
      requestId,
      usage: this.#spent?.usage ?? null,
      cost: this.#spent?.cost ?? null,
      attempts: this.#attempts,
      latencyMs: this.#latencyMs,
      metadata: {
        stopReason,
        turns: this.#turns,
        steps: this.#steps,
        ...(options.state === undefined ? {} : { state }),
      },
    };
  }
}

function definitionOf({ name, description, parameters, strict }: Tool<never>): ToolDefinition {
  return { name, description, parameters, strict };
}

/**
 * Servers parse the calls of earlier turns: one whose arguments are no JSON object (nothing at all, an object that is quoted
 * twice), or that has no name, would fail every turn after it.
 */
function sendable(call: ToolCall): ToolCall {
  const { id, name, invalid, argumentsText } = call;
  const args = invalid === true ? {} : call.arguments;
  const written = invalid !== true && argumentsText.trimStart().startsWith('{');
  return {
    id,
    name: name === '' ? 'unnamed' : name,
    arguments: args,
    argumentsText: written ? argumentsText : JSON.stringify(args),
  };
}

const notRun = ({ id, name, arguments: args }: ToolCall, turn: number): AgentStep => ({
  turn,
  id,
  name,
  arguments: args,
  outcome: 'not-run',
  result: null,
});
