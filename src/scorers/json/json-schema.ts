import type { Ajv } from 'ajv';
import { AssayError } from '../../errors.js';
import { isThenable } from '../../foundation/thenable.js';
import type { AnyOutputScorer, Score } from '../../evaluation/evaluation-types.js';
import { checkOptions, object, show, text } from '../../foundation/options.js';
import { stableHash } from '../../foundation/stable-hash.js';
import { conventionText, defineScorer } from '../define-scorer.js';
import {
  findJson,
  jsonEvidence,
  jsonReadingChecks,
  jsonReadingConvention,
  type JsonCandidates,
  type JsonReadingOptions,
} from './json-extraction.js';
import { isFound } from '../reading/reading.js';
import { reasoningHandling } from '../../foundation/reasoning-trace.js';
import type { ReasoningOptions } from '../visible-output.js';

/** The part of the Standard Schema interface (version 1) that validation needs; zod, valibot, arktype have it. */
export interface StandardSchema {
  /** The interface's one member. */
  readonly '~standard': {
    /** Version of the interface. */
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Checks a value, at once or later. */
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>;
  };
}

/** What a Standard Schema says: a value, or issues. */
export type StandardResult =
  | {
      /** The value as the schema gives it back; it is not used. */
      readonly value: unknown;
      /** Absent: the value satisfies the schema. */
      readonly issues?: undefined;
    }
  | {
      /** What the value violates; an empty list counts as satisfied. */
      readonly issues: readonly StandardIssue[];
    };

/** One complaint of a Standard Schema. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where, from the root of the value. */
  readonly path?:
    | readonly (
        | PropertyKey
        | {
            /** The property or index of this step. */
            readonly key: PropertyKey;
          }
      )[]
    | undefined;
}

/** Options of {@link jsonSchema}. */
export interface JsonSchemaOptions extends JsonReadingOptions, ReasoningOptions {
  /**
   * Names a Standard Schema in the convention: its rules are code, which cannot be hashed. Change it with the
   * schema. A JSON Schema is named by its hash.
   */
  readonly schemaName?: string | undefined;
}

/** A JSON Schema: an object of keywords, or `true` and `false`. */
export type JsonSchemaDocument = Readonly<Record<string, unknown>> | boolean;

/**
 * 1 when the answer is JSON that satisfies the schema, else 0 with the first complaint as reason and up to 20 in
 * `metadata.issues`. Of several values in the answer any that satisfies it counts. The schema is a Standard Schema validator (zod, valibot, arktype, …) or a JSON Schema; the
 * latter needs the optional package `ajv`, loaded at the first answer (draft 7, or 2020-12 when `$schema` names it).
 *
 * @example
 * jsonSchema({ type: 'object', required: ['city'], properties: { city: { type: 'string' } } })
 * @throws AssayError `ASSAY_INVALID_OPTION` for what is no schema at all; the dimension errors with it when the schema is
 *   invalid, and with `ASSAY_MISSING_DEPENDENCY` when ajv is needed and not installed.
 */
export function jsonSchema(
  schema: StandardSchema | JsonSchemaDocument,
  options: JsonSchemaOptions = {},
): AnyOutputScorer {
  const checked = checkOptions('jsonSchema', options, {
    ...jsonReadingChecks,
    reasoning: reasoningHandling,
    schemaName: text,
  });
  const standard = isStandardSchema(schema);
  if (!standard && typeof schema !== 'boolean' && object(schema) !== undefined) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected the schema of jsonSchema to be a Standard Schema or a JSON Schema, got ${show(schema)}`,
    );
  }
  const convention = conventionText('json-schema', {
    ...jsonReadingConvention(checked),
    schema: checked.schemaName ?? (standard ? schema['~standard'].vendor : stableHash(schema).slice(0, 16)),
  });
  let validate: Validator | undefined;
  let loading: Promise<Validator> | undefined;
  if (standard) validate = standardValidator(schema);
  return defineScorer(
    { convention, version: '2' },
    ({ output }) => {
      // a validator knows numbers as JavaScript has them
      const found = findJson(output, { ...checked, place: checked.place ?? 'auto', inexact: Number });
      if (!isFound(found)) return { score: 0, reason: found.reason };
      const of = { output, found: found.value };
      if (validate !== undefined) return firstValid(of, validate);
      loading ??= ajvValidator(schema as JsonSchemaDocument);
      return loading.then((ready) => firstValid(of, (validate = ready)));
    },
    { ...checked, takesJson: true },
  ) as AnyOutputScorer;
}

const MOST_TRIED = 50;

/** The verdict on the first value that satisfies the schema, else on the one that fits best. */
function firstValid(
  { output, found }: { readonly output: string; readonly found: JsonCandidates },
  validate: Validator,
): Score | Promise<Score> {
  const placed = (score: Score, at: number): Score => {
    const { evidence, metadata } = jsonEvidence(output, found[at]!);
    return { ...score, evidence, metadata: { ...metadata, ...score.metadata } };
  };
  const tryFrom = (at: number, first: Score | undefined): Score | Promise<Score> => {
    for (let i = at; i < Math.min(found.length, MOST_TRIED); i++) {
      const said = validate(found[i]!.value);
      if (isThenable(said)) {
        return Promise.resolve(said).then((score) =>
          score.score === 1 ? placed(score, i) : tryFrom(i + 1, first ?? placed(score, i)),
        );
      }
      if (said.score === 1) return placed(said, i);
      first ??= placed(said, i);
    }
    return first!;
  };
  return tryFrom(0, undefined);
}

type Validator = (value: unknown) => Score | Promise<Score>;

const LISTED_ISSUES = 20;

const verdict = (issues: readonly string[]): Score =>
  issues.length === 0
    ? { score: 1 }
    : { score: 0, reason: issues[0], metadata: { issues: issues.slice(0, LISTED_ISSUES) } };

const isStandardSchema = (schema: unknown): schema is StandardSchema =>
  (typeof schema === 'object' || typeof schema === 'function') && schema !== null && '~standard' in schema;

function standardValidator(schema: StandardSchema): Validator {
  const score = (result: StandardResult): Score => verdict(issuesOf(result));
  return (value) => {
    const result = schema['~standard'].validate(value);
    return isThenable(result) ? Promise.resolve(result).then(score) : score(result);
  };
}

/** The complaints of a Standard Schema as texts, each with its place. */
export const issuesOf = (result: StandardResult): string[] =>
  (result.issues ?? []).map(({ message, path = [] }) => at(pointerOf(path), message));

const pointerOf = (path: NonNullable<StandardIssue['path']>): string =>
  path.map((part) => `/${String(typeof part === 'object' ? part.key : part)}`).join('');

const at = (pointer: string, message: string): string =>
  pointer === '' ? message : `${pointer}: ${message}`;

async function ajvValidator(schema: JsonSchemaDocument): Promise<Validator> {
  const is2020 = typeof schema === 'object' && /2020-12/.test(String(schema['$schema']));
  const loaded = await loadAjv(is2020);
  const ajv = new loaded.Ajv({ allErrors: true, strict: false, logger: false });
  let compiled: ReturnType<typeof ajv.compile>;
  try {
    compiled = ajv.compile(schema);
  } catch (cause) {
    throw new AssayError('ASSAY_INVALID_OPTION', 'The JSON Schema given to jsonSchema is invalid', { cause });
  }
  return (value) => {
    if (compiled(value) === true) return verdict([]);
    return verdict(
      (compiled.errors ?? []).map((error) => at(error.instancePath, error.message ?? error.keyword)),
    );
  };
}

async function loadAjv(is2020: boolean): Promise<{ readonly Ajv: typeof Ajv }> {
  try {
    if (!is2020) return { Ajv: (await import('ajv')).Ajv };
    const { Ajv2020 } = await import('ajv/dist/2020.js');
    return { Ajv: Ajv2020 as unknown as typeof Ajv };
  } catch (cause) {
    throw new AssayError(
      'ASSAY_MISSING_DEPENDENCY',
      'jsonSchema with a JSON Schema needs the package ajv: npm install ajv',
      { cause },
    );
  }
}
