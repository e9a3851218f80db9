import { seededOrder } from '../cases/seeded-order.js';
import { AssayError, InputError } from '../errors.js';
import type { ChatMessage } from '../client/model-client.js';
import { checkOptions, integer, list, requireOptions, show, text } from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { CaseVariables, type AnyCase } from './case-variables.js';
import { fillTemplate, readTemplate, type TemplateText } from './template-text.js';

/** Cases that are shown to the model with their answers. */
export interface FewShotExamples {
  /** What is chosen from; each with an `expected`, unless `answer` says otherwise. */
  readonly cases: readonly AnyCase[];
  /** How many are shown, >= 1. */
  readonly n: number;
  /**
   * 0 to 4294967295. The same ones in the same order for all cases, but for cases that are among them themselves.
   * @default 0
   */
  readonly seed?: number | undefined;
  /** How the question of an example is put. @default as the prompt puts that of a case */
  readonly question?: string | undefined;
  /** How its answer is put. @default '{{expected}}' */
  readonly answer?: string | undefined;
}

interface Candidate {
  readonly example: AnyCase;
  /** Hash of its input; `undefined` where that has none. */
  readonly input: string | undefined;
}

/** Chooses examples for cases and shows them as turns of a chat. */
export class FewShot {
  readonly #n: number;
  readonly #order: readonly Candidate[];
  readonly #question: TemplateText;
  readonly #answer: TemplateText;
  readonly #description: Readonly<Record<string, unknown>>;

  /** `question`: how the prompt itself puts a question. @throws AssayError `ASSAY_INVALID_OPTION` */
  constructor(options: FewShotExamples, question: string | undefined) {
    const checked = checkOptions<FewShotExamples>('promptTemplate.examples', options, {
      cases: list,
      n: integer(1),
      seed: integer(0, 0xffff_ffff),
      question: text,
      answer: text,
    });
    requireOptions('promptTemplate.examples', checked, ['cases', 'n']);
    const { cases, n, seed = 0, answer = '{{expected}}' } = checked;
    const asked = checked.question ?? question;
    if (asked === undefined)
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        'Expected `question` of promptTemplate.examples: the prompt has no text of a user to take it from',
      );
    if (cases.length < n)
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected \`cases\` of promptTemplate.examples to hold at least ${n}, got ${show(cases)}`,
      );
    this.#n = n;
    this.#question = readTemplate(asked);
    this.#answer = readTemplate(answer);
    this.#order = seededOrder(cases, seed).map((example) => ({ example, input: hashOf(example.input) }));
    this.#description = { n, seed, question: asked, answer, cases: hashOf(cases) ?? null };
  }

  /** What tells these examples from others. */
  describe(): Readonly<Record<string, unknown>> {
    return this.#description;
  }

  /**
   * The turns that show the examples for a case: never the case itself, nor one with its input or of its cluster.
   *
   * @throws InputError `ASSAY_INVALID_CASE` for an example without a variable, and where too few are left.
   */
  turnsFor(testCase: AnyCase, prompt: string): ChatMessage[] {
    const input = hashOf(testCase.input);
    const others = this.#order.filter(
      ({ example, input: own }) =>
        example.id !== testCase.id &&
        example.input !== testCase.input &&
        (own === undefined || own !== input) &&
        (example.cluster === undefined || example.cluster !== testCase.cluster),
    );
    if (others.length < this.#n)
      throw new InputError(
        'ASSAY_INVALID_CASE',
        `Expected ${this.#n} examples of ${prompt} that are not case ${JSON.stringify(testCase.id)} itself or of its cluster, found ${others.length}`,
      );
    return others.slice(0, this.#n).flatMap(({ example }) => {
      const variables = new CaseVariables(example);
      const turns = [
        { role: 'user', content: fillTemplate(this.#question, variables.valueOf) },
        { role: 'assistant', content: fillTemplate(this.#answer, variables.valueOf) },
      ];
      variables.check(`the examples of ${prompt}`);
      return turns;
    });
  }
}

/** `undefined` for what has no stable text. */
function hashOf(value: unknown): string | undefined {
  try {
    return stableHash(value);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
