import type { ChatMessage, ModelInput } from '../client/model-client.js';
import { AssayError } from '../errors.js';
import type { PromptSource } from '../evaluation/prompt-source.js';
import { checkOptions, object, show, text } from '../foundation/options.js';
import { stableHash } from '../foundation/stable-hash.js';
import { CaseVariables, type AnyCase } from './case-variables.js';
import { FewShot, type FewShotExamples } from './few-shot.js';
import { fillTemplate, readTemplate, variablesOf, type TemplateText } from './template-text.js';

/** Options of {@link promptTemplate}. */
export interface PromptTemplateOptions {
  /** What stands before everything else, as a system message; variables are filled in. @default nothing */
  readonly system?: string | undefined;
  /** Cases that are shown with their answers, before the last message of role `user`. @default none */
  readonly examples?: FewShotExamples | undefined;
  /** Names the prompt in errors and run manifests. @default the beginning of its hash */
  readonly name?: string | undefined;
}

/** A prompt with places for what a case has. Give it to a processor, or to `runMatrix`, as `prompt`. */
export interface PromptTemplate extends PromptSource {
  /** Names it in errors and run manifests. */
  readonly name: string;
  /** 16 hex digits that change with everything that it is made of. */
  readonly hash: string;
  /** Its variables, each once, as they are written; those of examples are not among them. */
  readonly variables: readonly string[];
}

/**
 * A prompt with variables: `Answer in {{language}}: {{question}}`.
 *
 * - `{{input}}`, `{{metadata.language}}`, `{{id}}`, `{{group}}` and `{{cluster}}` are those of the case; any other name is a
 *   member of its input, else of its metadata; `{{choices.0}}` goes deeper. Only a value's own members count.
 * - A case without a variable (or with `null` there) is errored with `ASSAY_INVALID_CASE`, which names all that are missing.
 * - What is filled in is text: braces in it mean nothing. Objects are put as JSON. `\{{` writes the braces themselves.
 * - `{{expected}}` is refused outside of examples: it would tell the model the answer.
 * - A text without `system` and `examples` is sent as a prompt; with them, or given as messages, as a chat. A part of a
 *   message whose member is one variable and nothing else (`{ type: 'image', data: '{{image}}' }`) gets the value as it is.
 *
 * @example
 * const prompt = promptTemplate('Answer in {{language}}: {{question}}', {
 *   system: 'You are a librarian.',
 *   examples: { cases: solved, n: 3, seed: 7 },
 * });
 * new BatchProcessor({ target: client, prompt, evaluator });
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function promptTemplate(
  template: string | readonly ChatMessage[],
  options: PromptTemplateOptions = {},
): PromptTemplate {
  const checked = checkOptions<PromptTemplateOptions>('promptTemplate', options, {
    system: text,
    examples: object,
    name: text,
  });
  const { system } = checked;
  const body =
    typeof template === 'string' ? readBody([{ role: 'user', content: template }]) : readMessages(template);
  const before = system === undefined ? [] : readBody([{ role: 'system', content: system }]);
  const lastUser = body.findLast(({ message }) => message.role === 'user');
  const question = typeof lastUser?.message.content === 'string' ? lastUser.message.content : undefined;
  const examples = checked.examples === undefined ? undefined : new FewShot(checked.examples, question);
  const variables = variablesOf([...before, ...body].flatMap(({ texts }) => [...texts.values()]));
  refuseExpected(variables);
  const made = { template, system: system ?? null, examples: examples?.describe() ?? null };
  const hash = stableHash(made).slice(0, 16);
  const name = checked.name ?? hash.slice(0, 8);
  const isPlain = typeof template === 'string' && system === undefined && examples === undefined;
  return Object.freeze({
    name,
    hash,
    variables,
    describe: () => ({ name, hash }),
    render: (testCase: AnyCase): ModelInput => {
      const values = new CaseVariables(testCase);
      const fill = (part: BodyMessage): ChatMessage => fillMessage(part, values);
      const start = before.map(fill);
      const rest = body.map(fill);
      values.check(`prompt ${name}`);
      if (isPlain) return rest[0]!.content as string;
      const at = lastUser === undefined ? rest.length : body.indexOf(lastUser);
      const shown = examples?.turnsFor(testCase, `prompt ${name}`) ?? [];
      return [...start, ...rest.slice(0, at), ...shown, ...rest.slice(at)];
    },
  });
}

interface BodyMessage {
  readonly message: ChatMessage;
  /** The texts in it that may hold variables, read, by the text. */
  readonly texts: ReadonlyMap<string, TemplateText>;
}

function readMessages(template: unknown): BodyMessage[] {
  const usable =
    Array.isArray(template) &&
    template.length > 0 &&
    template.every((message: unknown) => typeof (message as ChatMessage | null)?.role === 'string');
  if (usable) return readBody(template as readonly ChatMessage[]);
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected the template of promptTemplate to be a text or messages with a role, got ${show(template)}`,
  );
}

const readBody = (messages: readonly ChatMessage[]): BodyMessage[] =>
  messages.map((message) => {
    const texts = new Map<string, TemplateText>();
    const { content } = message;
    for (const each of typeof content === 'string' ? [content] : content.flatMap(membersOf))
      texts.set(each, readTemplate(each));
    return { message, texts };
  });

/** The texts of a part, but not that of its type. */
const membersOf = (part: object): string[] =>
  Object.entries(part).flatMap(([member, value]) =>
    member !== 'type' && typeof value === 'string' ? [value] : [],
  );

function fillMessage({ message, texts }: BodyMessage, { valueOf }: CaseVariables): ChatMessage {
  const { content } = message;
  const fill = (written: string): string => fillTemplate(texts.get(written)!, valueOf);
  if (typeof content === 'string') return { ...message, content: fill(content) };
  const parts = content.map((part) =>
    Object.fromEntries(
      Object.entries(part).map(([member, value]) => {
        if (member === 'type' || typeof value !== 'string') return [member, value as unknown];
        const [only, ...others] = texts.get(value)!;
        const whole = typeof only === 'object' && others.length === 0 && member !== 'text';
        return [member, whole ? valueOf(only) : fill(value)];
      }),
    ),
  );
  return { ...message, content: parts };
}

function refuseExpected(variables: readonly string[]): void {
  const told = variables.find((name) => name === 'expected' || name.startsWith('expected.'));
  if (told === undefined) return;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected no {{${told}}} in a prompt, which would tell the model the answer; it may stand in \`examples\``,
  );
}
