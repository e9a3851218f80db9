import { toCaseSource, type CaseInput } from '../cases/case-source.js';
import { seededRandom } from '../foundation/seeded-random.js';

/** Which cases of an input are evaluated. */
export interface CaseSelection {
  /** Ids, `*` standing for any text; empty: all. */
  readonly only: readonly string[];
  /** The first so many of them. */
  readonly limit: number | undefined;
  /** So many of them, drawn by chance, in their own order. Read to the end; no more than these are held. */
  readonly sample: number | undefined;
  /** What chance begins with. */
  readonly seed: number;
}

interface SomeCase {
  readonly id?: unknown;
}

/** The part of the cases that is asked for; what is no case passes, so that the run says what is wrong with it. */
export function selectCases<Case extends SomeCase>(
  cases: CaseInput<Case>,
  selection: CaseSelection,
): CaseInput<Case> {
  const { only, limit, sample } = selection;
  if (only.length === 0 && limit === undefined && sample === undefined) return cases;
  const matching = only.length === 0 ? cases : filtered(cases, patternOf(only));
  if (sample !== undefined) return sampled(matching, sample, selection.seed);
  return limit === undefined ? matching : first(matching, limit);
}

/** A pattern for ids: whole ones, in which `*` is any text. */
function patternOf(only: readonly string[]): RegExp {
  const escaped = only.map((id) =>
    id
      .split('*')
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*'),
  );
  return new RegExp(`^(?:${escaped.join('|')})$`, 's');
}

/** One case after the other, whatever they come from; the source is closed when nobody wants more. */
async function* each<Case>(cases: CaseInput<Case>): AsyncGenerator<Case> {
  const source = toCaseSource(cases);
  try {
    for (let next = await source.next(); next !== undefined; next = await source.next()) yield next;
  } finally {
    await source.close();
  }
}

async function* filtered<Case extends SomeCase>(
  cases: CaseInput<Case>,
  pattern: RegExp,
): AsyncGenerator<Case> {
  for await (const one of each(cases)) if (typeof one?.id !== 'string' || pattern.test(one.id)) yield one;
}

async function* first<Case>(cases: CaseInput<Case>, limit: number): AsyncGenerator<Case> {
  let taken = 0;
  for await (const one of each(cases)) {
    yield one;
    if (++taken >= limit) return;
  }
}

/** Algorithm R (Vitter 1985): each case has the same chance, however many there are. */
async function* sampled<Case>(cases: CaseInput<Case>, size: number, seed: number): AsyncGenerator<Case> {
  const random = seededRandom(seed);
  const drawn: { readonly at: number; readonly one: Case }[] = [];
  let seen = 0;
  for await (const one of each(cases)) {
    const place = seen < size ? seen : Math.floor(random() * (seen + 1));
    if (place < size) drawn[place] = { at: seen, one };
    seen += 1;
  }
  drawn.sort((a, b) => a.at - b.at);
  for (const { one } of drawn) yield one;
}
