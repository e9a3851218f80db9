import type { TestCase } from '../evaluation/evaluation-types.js';
import { callable, checkOptions, either, text, type OptionCheck } from '../foundation/options.js';
import { givenAtOnce } from '../foundation/thenable.js';
import { toCaseSource, type CaseInput } from './case-source.js';

/** Options of {@link onlyCases}. A case has to meet all that are given. */
export interface OnlyCasesOptions<Case> {
  /** Those with one of these ids. */
  readonly ids?: Iterable<string> | undefined;
  /** Those that have at least one of these tags among their `metadata.tags`. */
  readonly tags?: readonly string[] | undefined;
  /** Those without any of these tags. */
  readonly withoutTags?: readonly string[] | undefined;
  /** Those of one of these parts of a data set, by their `metadata.split`: `test`, say. */
  readonly split?: string | readonly string[] | undefined;
  /** Those of one of these groups, by their `group`. */
  readonly group?: string | readonly string[] | undefined;
  /** Those that the function says yes to. */
  readonly where?: ((testCase: Case) => boolean) | undefined;
}

const texts: OptionCheck = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((each) => text(each) === undefined)
    ? undefined
    : 'a list of non-empty strings';
const ids: OptionCheck = (value) =>
  typeof value === 'object' && value !== null && Symbol.iterator in value ? undefined : 'a list of ids';

/**
 * Some of the cases, in their order, read as they are asked for.
 *
 * @example
 * processor.run(onlyCases(readJsonl('cases.jsonl'), { split: 'test', tags: ['billing'] }))
 * @throws AssayError `ASSAY_INVALID_OPTION`; whatever the source throws.
 */
export function onlyCases<Case extends TestCase<unknown, unknown, unknown>>(
  cases: CaseInput<Case>,
  options: OnlyCasesOptions<Case>,
): AsyncGenerator<Case, void, undefined> {
  const checked = checkOptions<OnlyCasesOptions<Case>>('onlyCases', options, {
    ids,
    tags: texts,
    withoutTags: texts,
    split: either(text, texts),
    group: either(text, texts),
    where: callable,
  });
  return chosen(cases, testFor(checked));
}

async function* chosen<Case>(
  cases: CaseInput<Case>,
  isWanted: (testCase: Case) => boolean,
): AsyncGenerator<Case, void, undefined> {
  const source = toCaseSource(cases);
  try {
    for (let next = await source.next(); next !== undefined; next = await source.next())
      if (isWanted(next)) yield next;
  } finally {
    await source.close();
  }
}

function testFor<Case extends TestCase<unknown, unknown, unknown>>(
  options: OnlyCasesOptions<Case>,
): (testCase: Case) => boolean {
  const { tags, withoutTags, split, group, where } = options;
  const wantedIds = options.ids === undefined ? undefined : new Set(options.ids);
  const splits = split === undefined ? undefined : [split].flat();
  const groups = group === undefined ? undefined : [group].flat();
  return (testCase) => {
    const metadata = (testCase?.metadata ?? {}) as Readonly<Record<string, unknown>>;
    const own = Array.isArray(metadata['tags']) ? (metadata['tags'] as readonly unknown[]) : [];
    return (
      (wantedIds === undefined || wantedIds.has(testCase.id)) &&
      (tags === undefined || tags.some((tag) => own.includes(tag))) &&
      (withoutTags === undefined || !withoutTags.some((tag) => own.includes(tag))) &&
      (splits === undefined || splits.includes(metadata['split'] as string)) &&
      (groups === undefined || groups.includes(testCase.group as string)) &&
      (where === undefined || givenAtOnce('`where` of onlyCases', where(testCase)))
    );
  };
}
