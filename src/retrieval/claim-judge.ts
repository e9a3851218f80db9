import type { ChatMessage, ModelResponse } from '../client/model-client.js';
import { AssayError } from '../errors.js';
import { failedJudgeUsage, sumUsage, type JudgeUsage } from '../evaluation/judge-usage.js';
import { integer, type OptionChecks } from '../foundation/options.js';
import { visibleText } from '../foundation/reasoning-trace.js';
import { stableHash } from '../foundation/stable-hash.js';
import { findJson } from '../scorers/json/json-extraction.js';
import { isFound } from '../scorers/reading/reading.js';
import {
  DEFAULT_PARAMETERS,
  JudgeCaller,
  judgeModelChecks,
  usageOf,
  type JudgeModelOptions,
} from '../scorers/judges/judge-call.js';
import { fenceInstruction, fenceMaterial, type JudgeMaterial } from '../scorers/judges/judge-material.js';

/** What scorers that judge claim by claim have in common. */
export interface ClaimOptions extends JudgeModelOptions {
  /** Most claims that are judged, the first ones, >= 1; `metadata.leftOut` counts the others. @default 50 */
  readonly maxClaims?: number | undefined;
}

/** Checks for {@link ClaimOptions}. */
export const claimChecks: OptionChecks<ClaimOptions> = { ...judgeModelChecks, maxClaims: integer(1) };

/** The options as they stand in a convention. */
export const claimConvention = ({ model, parameters, maxClaims = 50 }: ClaimOptions) => ({
  model,
  parameters: stableHash(parameters ?? DEFAULT_PARAMETERS).slice(0, 12),
  maxClaims,
});

/** A claim with its verdict. Plain data. */
export interface JudgedClaim {
  /** The claim, in the judge's words. */
  readonly claim: string;
  /** What the judge says of it. */
  readonly holds: boolean;
  /** What the judge points at; empty when it points at nothing. */
  readonly evidence: string;
  /** Whether that stands in the material, but for white space and case. */
  readonly quoted: boolean;
}

/** A reply that could be read, or why not. */
export type Read<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string };

/** How claims are found, and what is asked of each. */
export interface ClaimQuestions {
  /** What is to be split, as it is named to the judge: `ANSWER`. */
  readonly source: string;
  /** What is asked of each claim, as a question: `Do the passages support it?` */
  readonly question: string;
}

/** Asks a judge for claims and for a verdict on each, and keeps the books. One for each answer. */
export class ClaimJudge {
  readonly #callers: ClaimCallers;
  readonly #questions: ClaimQuestions;
  readonly #signal: AbortSignal | undefined;
  readonly #replies: ModelResponse[] = [];

  constructor(
    callers: ClaimCallers,
    { questions, signal }: { readonly questions: ClaimQuestions; readonly signal: AbortSignal | undefined },
  ) {
    this.#callers = callers;
    this.#questions = questions;
    this.#signal = signal;
  }

  /** What all calls together have cost. */
  get usage(): JudgeUsage {
    return usageOf(this.#replies);
  }

  /** The claims of a text, each once, in its order. */
  async claimsIn(text: string, about: string): Promise<Read<readonly string[]>> {
    const { source } = this.#questions;
    const material = [
      { label: 'QUESTION', text: about },
      { label: source, text },
    ];
    const task =
      `You split the ${source} into the claims that it makes: statements that are true or false by themselves. Write each ` +
      'as one sentence that is understood without the others, with names in place of pronouns. Leave out questions, ' +
      'greetings, advice and statements on not knowing. Do not correct, add or judge anything.';
    const form =
      'Reply with one JSON object and nothing else: `{"claims": ["…", "…"]}`, with an empty list where it claims nothing.';
    const reply = await this.#ask(this.#callers.claims, { task, form, material });
    return readClaims(reply);
  }

  /** The verdict on each claim, in their order. */
  async verdictsOn(
    claims: readonly string[],
    material: readonly JudgeMaterial[],
  ): Promise<Read<readonly JudgedClaim[]>> {
    const numbered = claims.map((claim, i) => `${i + 1}. ${claim}`).join('\n');
    const task = `You judge claims one by one. ${this.#questions.question} Judge by what stands there alone, not by what you know.`;
    const form =
      'Reply with one JSON object and nothing else: `{"verdicts": [{"claim": 1, "evidence": "…", "verdict": "yes"}, …]}`, one ' +
      'for each claim by its number, with `evidence` quoted word by word (empty where there is none) and then `verdict`, ' +
      '"yes" or "no".';
    const all = [...material, { label: 'CLAIMS', text: numbered }];
    const reply = await this.#ask(this.#callers.verdicts, { task, form, material: all });
    return readVerdicts(reply, claims, folded(material.map(({ text }) => text).join('\n')));
  }

  async #ask(caller: JudgeCaller, { task, form, material }: Asked): Promise<ModelResponse> {
    const fenced = fenceMaterial(material);
    const messages: readonly ChatMessage[] = [
      { role: 'system', content: `${task}\n\n${fenceInstruction(fenced.fence)}\n\n${form}` },
      { role: 'user', content: `${fenced.text}\n\n${form}` },
    ];
    try {
      const reply = await caller.ask(messages, this.#signal);
      this.#replies.push(reply);
      return reply;
    } catch (error) {
      if (!AssayError.is(error) || this.#replies.length === 0) throw error;
      const failed = failedJudgeUsage(error);
      const spent = failed === undefined ? this.usage : sumUsage([this.usage, failed]);
      throw Object.assign(error, { judge: spent }); // the calls before were paid for
    }
  }
}

interface Asked {
  readonly task: string;
  readonly form: string;
  readonly material: readonly JudgeMaterial[];
}

/** One caller for each form of reply; what its model refuses is not asked for again. */
export interface ClaimCallers {
  readonly claims: JudgeCaller;
  readonly verdicts: JudgeCaller;
}

/** Callers for the judge of a scorer. */
export function claimCallers(options: JudgeModelOptions): ClaimCallers {
  const { client, model, parameters } = options;
  const judge = { client, model, parameters };
  return { claims: new JudgeCaller(judge, CLAIMS_SCHEMA), verdicts: new JudgeCaller(judge, VERDICTS_SCHEMA) };
}

const listOf = (name: string, items: object) => ({
  type: 'object',
  properties: { [name]: { type: 'array', items } },
  required: [name],
  additionalProperties: false,
});
const CLAIMS_SCHEMA = listOf('claims', { type: 'string' });
const VERDICTS_SCHEMA = listOf('verdicts', {
  type: 'object',
  properties: {
    claim: { type: 'integer' },
    evidence: { type: 'string' },
    verdict: { type: 'string', enum: ['yes', 'no'] },
  },
  required: ['claim', 'evidence', 'verdict'],
  additionalProperties: false,
});

/** The list of that name in a reply. A reply that was cut off has none: claims would be missing in silence. */
function listIn({ text, finishReason }: ModelResponse, name: string): Read<readonly unknown[]> {
  if (finishReason === 'length') return { ok: false, reason: 'the reply of the judge was cut off' };
  const listAt = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)[name]
      : undefined;
  const found = findJson(visibleText(text).text, {
    place: 'auto',
    trailingCommas: true,
    inexact: Number,
    fit: (value) => Number(Array.isArray(listAt(value))),
  });
  const list = isFound(found) ? listAt(found.value[0].value) : undefined;
  return Array.isArray(list)
    ? { ok: true, value: list }
    : { ok: false, reason: `the judge gave no list of ${name}` };
}

function readClaims(reply: ModelResponse): Read<readonly string[]> {
  const read = listIn(reply, 'claims');
  if (!read.ok) return read;
  if (!read.value.every((claim) => typeof claim === 'string'))
    return { ok: false, reason: 'the judge gave claims that are no texts' };
  return {
    ok: true,
    value: [...new Set(read.value.map((claim) => claim.trim()))].filter((claim) => claim !== ''),
  };
}

function readVerdicts(
  reply: ModelResponse,
  claims: readonly string[],
  material: string,
): Read<readonly JudgedClaim[]> {
  const read = listIn(reply, 'verdicts');
  if (!read.ok) return read;
  const judged: (JudgedClaim | undefined)[] = claims.map(() => undefined);
  for (const each of read.value) {
    const { claim: number, evidence, verdict } = (each ?? {}) as Readonly<Record<string, unknown>>;
    const claim = claims[Number(number) - 1];
    const holds = verdictOf(verdict);
    if (claim === undefined || holds === undefined)
      return { ok: false, reason: 'the judge gave a verdict that is neither yes nor no, or on no claim' };
    const before = judged[Number(number) - 1];
    if (before !== undefined && before.holds !== holds)
      return { ok: false, reason: `the judge gave two verdicts on claim ${Number(number)}` };
    const quote = typeof evidence === 'string' ? evidence.trim() : '';
    judged[Number(number) - 1] = {
      claim,
      holds,
      evidence: quote,
      quoted: quote !== '' && material.includes(folded(quote)),
    };
  }
  const whole = judged.filter((each) => each !== undefined);
  if (whole.length === claims.length) return { ok: true, value: whole };
  return { ok: false, reason: `the judge gave verdicts on ${whole.length} of ${claims.length} claims` };
}

function verdictOf(said: unknown): boolean | undefined {
  const word = String(said).trim().toLowerCase();
  if (word === 'yes' || word === 'true') return true;
  return word === 'no' || word === 'false' ? false : undefined;
}

const folded = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/^["'“”]+|["'“”]+$/g, '')
    .trim()
    .toLowerCase();
