import type { ModelInput, ModelResponse } from '../../client/model-client.js';
import { callable, oneOf, text, type OptionCheck, type OptionChecks } from '../../foundation/options.js';
import { givenAtOnce } from '../../foundation/thenable.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import { stableHash } from '../../foundation/stable-hash.js';
import type { ReasoningOptions } from '../visible-output.js';
import { DEFAULT_PARAMETERS, JudgeCaller, judgeModelChecks, type JudgeModelOptions } from './judge-call.js';
import { fenceInstruction, fenceMaterial, type JudgeMaterial } from './judge-material.js';
import { verdictSchema } from './structured-output.js';
import { verdictNameCheck, verdictPatternCheck, type VerdictForm } from './verdict.js';

/** What a prompt for a judge is made from. */
export interface JudgePromptParts {
  /** The `rubric` option. */
  readonly rubric: string;
  /** All that is to be judged (input, expected answer, answers), each between fences that it cannot forge. */
  readonly material: string;
  /** Tells the judge what the fences mean; leave it out and the answer may give orders. */
  readonly fenceInstruction: string;
  /** Tells the judge how to end its reply. */
  readonly verdictInstruction: string;
}

/** A scale of numbers. */
export interface RatingScale {
  /** The worst rating; scores 0. */
  readonly minimum: number;
  /** The best rating; scores 1. */
  readonly maximum: number;
}

/** Options of every judge that follows a rubric. */
export interface RubricOptions extends JudgeModelOptions, ReasoningOptions {
  /** What to judge and how, in plain words. Part of the convention (as a hash). */
  readonly rubric: string;
  /** Your own prompt. It must ask for the verdict in the form that `verdictPattern` finds. */
  readonly prompt?: ((parts: JudgePromptParts) => ModelInput) | undefined;
  /** Names your own `prompt` in the convention; change it with the prompt. */
  readonly promptName?: string | undefined;
  /**
   * Names of the field that holds the verdict, as a label in the text and as a key in JSON; the judge is asked for the
   * first. @default 'GRADE', 'RATING' or, of pairs, 'VERDICT'
   */
  readonly verdictName?: string | readonly string[] | undefined;
  /** Finds the verdict in place of everything else: the first group of the last match. @default none */
  readonly verdictPattern?: RegExp | undefined;
  /**
   * How the judge shall reply: `text` ends with a line for the verdict, `json` is an object with its reasons and then
   * the verdict. With `json` a model whose protocol has structured output is asked for it; one that refuses is told in
   * words alone. Either form of reply is read.
   * @default 'text'
   */
  readonly format?: 'text' | 'json' | undefined;
}

/** Checks of {@link RubricOptions}. */
export const rubricChecks: OptionChecks<RubricOptions> = {
  ...judgeModelChecks,
  rubric: text,
  prompt: callable,
  promptName: text,
  verdictName: verdictNameCheck,
  verdictPattern: verdictPatternCheck,
  format: oneOf('text', 'json'),
  reasoning: reasoningHandling,
};

/** Check of an option of type {@link RatingScale}. */
export const ratingScaleCheck: OptionCheck = (value) => {
  const { minimum, maximum, ...others } = (value ?? {}) as Partial<Record<keyof RatingScale, unknown>>;
  return Number.isFinite(minimum) &&
    Number.isFinite(maximum) &&
    (minimum as number) < (maximum as number) &&
    Object.keys(others).length === 0
    ? undefined
    : '{ minimum, maximum } with minimum < maximum';
};

/** The verdict that a judge is asked for. */
export interface AskedVerdict {
  /** Name of its field, unless the host gives another. */
  readonly keyword: string;
  /** Other keys of a JSON reply. */
  readonly otherKeys: readonly string[];
  /** What the judge may say, in words. */
  readonly asked: string;
  /** The same as a JSON Schema. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** What stands for the verdict in the line that shows its form. @default the field's name */
  readonly placeholder?: string;
  /** How the verdict is asked for, in place of the form that follows from the rest. */
  readonly instruction?: string;
}

/** Asks a model to judge material by a rubric. */
export class RubricJudge {
  /** How its verdict is found. */
  readonly form: VerdictForm;
  readonly #options: RubricOptions;
  readonly #caller: JudgeCaller;
  readonly #prompt: (parts: JudgePromptParts) => ModelInput;
  readonly #instruction: string;

  constructor(
    options: RubricOptions,
    {
      verdict,
      defaultPrompt,
    }: { readonly verdict: AskedVerdict; readonly defaultPrompt: (parts: JudgePromptParts) => ModelInput },
  ) {
    const names = [options.verdictName ?? verdict.keyword].flat();
    const json = options.format === 'json';
    const field = json ? names[0]!.toLowerCase() : names[0]!;
    this.form = { names, otherKeys: verdict.otherKeys, pattern: options.verdictPattern };
    this.#options = options;
    this.#caller = new JudgeCaller(options, json ? verdictSchema(field, verdict.schema) : undefined);
    this.#prompt = options.prompt ?? defaultPrompt;
    this.#instruction = verdict.instruction ?? instructionFor(field, verdict, json);
  }

  /** Its part of the scorer's convention. */
  get convention(): Readonly<Record<'verdict' | 'name' | 'format', string | undefined>> {
    const { verdictPattern, verdictName, format } = this.#options;
    return {
      verdict: verdictPattern === undefined ? undefined : String(verdictPattern),
      name: verdictName === undefined ? undefined : this.form.names.join(','),
      format: format === 'json' ? format : undefined,
    };
  }

  /** The model's part of the scorer's convention. */
  get modelConvention(): { readonly model: string | undefined; readonly parameters: string } {
    const { model, parameters } = this.#options;
    return { model, parameters: stableHash(parameters ?? DEFAULT_PARAMETERS).slice(0, 12) };
  }

  /** The rubric's part of the scorer's convention. */
  get rubricConvention(): { readonly rubric: string; readonly prompt: string } {
    const { rubric, prompt, promptName } = this.#options;
    return {
      rubric: stableHash(rubric).slice(0, 12),
      prompt: prompt === undefined ? 'default' : (promptName ?? 'custom'),
    };
  }

  /** The judge's reply about `pieces`. */
  ask(pieces: readonly JudgeMaterial[], signal: AbortSignal): Promise<ModelResponse> {
    const material = fenceMaterial(pieces);
    const input = this.#prompt({
      rubric: this.#options.rubric,
      material: material.text,
      fenceInstruction: fenceInstruction(material.fence),
      verdictInstruction: this.#instruction,
    });
    return this.#caller.ask(givenAtOnce('`prompt`', input), signal);
  }
}

function instructionFor(field: string, { asked, placeholder }: AskedVerdict, json: boolean): string {
  return json
    ? `Reply with one JSON object and nothing else: first \`"reasoning"\`, your reasons in brief, then \`"${field}"\`, with ${asked}.`
    : `End with one line of exactly this form, with ${asked}:\n${field}: <${placeholder ?? field.toLowerCase()}>`;
}
