import type { ModelClient } from '../../client/model-client.js';

/** The JSON Schema of a judge's reply: reasons first, then the verdict. */
export type VerdictSchema = Readonly<Record<string, unknown>>;

/** A schema that has a text `reasoning` and then the verdict under its name. */
export function verdictSchema(name: string, verdict: Readonly<Record<string, unknown>>): VerdictSchema {
  return {
    type: 'object',
    properties: { reasoning: { type: 'string' }, [name]: verdict },
    required: ['reasoning', name],
    additionalProperties: false,
  };
}

/**
 * The request for a reply of this schema in the form of the client's protocol; `undefined` for a client that speaks
 * several protocols or one that is not known: it is only told in words.
 */
export function responseFormatFor(client: ModelClient, schema: VerdictSchema): unknown {
  const { client: kind, protocols } = client.describe?.() ?? {};
  if (kind === 'LanguageModel') return { type: 'json', schema };
  if (!Array.isArray(protocols) || protocols.length !== 1) return undefined;
  return FORMATS.get(protocols[0])?.(schema);
}

const named = (schema: VerdictSchema) => ({ name: 'verdict', strict: true, schema });
const chat = (schema: VerdictSchema) => ({ type: 'json_schema', json_schema: named(schema) });
const bare = (schema: VerdictSchema) => schema;

const FORMATS: ReadonlyMap<unknown, (schema: VerdictSchema) => unknown> = new Map<
  unknown,
  (schema: VerdictSchema) => unknown
>([
  ['openai-chat', chat],
  ['openai-completions', chat],
  ['openai-responses', (schema) => ({ type: 'json_schema', ...named(schema) })],
  ['anthropic-messages', (schema) => ({ type: 'json_schema', schema })],
  ['ollama-chat', bare],
  ['ollama-generate', bare],
]);
