import type { TestCase } from '../evaluation/evaluation-types.js';
import { checkOptions, integer, oneOf, requireOptions, text } from '../foundation/options.js';
import { sha256 } from '../foundation/sha256.js';
import { valueAt } from '../foundation/value-at.js';
import { toCaseSource, type CaseInput } from './case-source.js';
import { checkTestCase } from './test-case-check.js';

/** Options of {@link sampleCases}. */
export interface SampleCasesOptions {
  /** How many cases, >= 1; all of them where there are fewer. */
  readonly n: number;
  /** 0 to 4294967295; another seed draws another sample. @default 0 */
  readonly seed?: number | undefined;
  /** What the sample is balanced over: a place in the case such as `group` or `metadata.language`. @default nothing */
  readonly strata?: string | undefined;
  /**
   * How many of each stratum: as many as it has cases among all (`proportional`), or the same (`equal`, as far as it has
   * them).
   * @default 'proportional'
   */
  readonly allocation?: 'proportional' | 'equal' | undefined;
}

interface Drawn<Case> {
  readonly testCase: Case;
  readonly position: number;
  /** Where chance puts it: the sample are those with the lowest. */
  readonly rank: string;
}

/** The cases of a stratum with the lowest ranks, and how many it has in all. */
class Stratum<Case> {
  readonly #n: number;
  #drawn: Drawn<Case>[] = [];
  #highest = '~'; // above every rank
  #cases = 0;

  constructor(n: number) {
    this.#n = n;
  }

  get cases(): number {
    return this.#cases;
  }

  add(drawn: Drawn<Case>): void {
    this.#cases++;
    if (drawn.rank > this.#highest) return;
    this.#drawn.push(drawn);
    if (this.#drawn.length >= 2 * this.#n + SPARE) this.#cut();
  }

  /** The lowest ones, the lowest first. */
  lowest(count: number): readonly Drawn<Case>[] {
    this.#cut();
    return this.#drawn.slice(0, count);
  }

  #cut(): void {
    this.#drawn = this.#drawn.sort((a, b) => (a.rank < b.rank ? -1 : 1)).slice(0, this.#n);
    if (this.#drawn.length === this.#n) this.#highest = this.#drawn[this.#n - 1]!.rank;
  }
}

const SPARE = 64;

/**
 * A random sample of the cases, in their order. A case is drawn by a hash of the seed and its id, so the sample does not
 * depend on the order of the cases, a larger `n` only adds to it, and new cases change it as little as they must. Cases are
 * read through; memory holds about two samples of each stratum.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; InputError `ASSAY_INVALID_CASE` for what is no case; whatever the source throws.
 */
export async function sampleCases<Case extends TestCase<unknown, unknown, unknown>>(
  cases: CaseInput<Case>,
  options: SampleCasesOptions,
): Promise<Case[]> {
  const checked = checkOptions<SampleCasesOptions>('sampleCases', options, {
    n: integer(1),
    seed: integer(0, 0xffff_ffff),
    strata: text,
    allocation: oneOf('proportional', 'equal'),
  });
  requireOptions('sampleCases', checked, ['n']);
  const { n, seed = 0, strata, allocation = 'proportional' } = checked;
  const path = strata?.split('.');
  const byStratum = new Map<string, Stratum<Case>>();
  const source = toCaseSource(cases);
  try {
    let position = 0;
    for (let next = await source.next(); next !== undefined; next = await source.next()) {
      checkTestCase(next, position + 1);
      const name = path === undefined ? '' : (JSON.stringify(valueAt(next, path)) ?? '');
      let stratum = byStratum.get(name);
      if (stratum === undefined) byStratum.set(name, (stratum = new Stratum(n)));
      stratum.add({ testCase: next, position: position++, rank: sha256(String(seed), '\0', next.id) });
    }
  } finally {
    await source.close();
  }
  const sizes = new Map([...byStratum].map(([name, stratum]) => [name, stratum.cases]));
  const share = allocation === 'equal' ? equalShares(sizes, n) : proportionalShares(sizes, n);
  return [...byStratum]
    .flatMap(([name, stratum]) => stratum.lowest(share.get(name)!))
    .sort((a, b) => a.position - b.position)
    .map(({ testCase }) => testCase);
}

/** Largest remainders (Hamilton); of equal ones those of the first names. */
function proportionalShares(sizes: ReadonlyMap<string, number>, n: number): Map<string, number> {
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const wanted = Math.min(n, all);
  const exact = [...sizes].map(([name, size]) => ({ name, share: (wanted * size) / all }));
  const shares = new Map(exact.map(({ name, share }) => [name, Math.floor(share)]));
  let left = wanted - [...shares.values()].reduce((sum, share) => sum + share, 0);
  const byRemainder = exact.sort((a, b) => (b.share % 1) - (a.share % 1) || (a.name < b.name ? -1 : 1));
  for (const { name } of byRemainder) {
    if (left-- <= 0) break;
    shares.set(name, shares.get(name)! + 1);
  }
  return shares;
}

/** One after the other gets one more, by name, until all have as many, or as many as they can. */
function equalShares(sizes: ReadonlyMap<string, number>, n: number): Map<string, number> {
  const shares = new Map([...sizes.keys()].map((name) => [name, 0]));
  let open = [...sizes.keys()].sort();
  let left = n;
  while (left > 0 && open.length > 0) {
    const each = Math.max(1, Math.floor(left / open.length));
    for (const name of open) {
      const more = Math.min(each, left, sizes.get(name)! - shares.get(name)!);
      shares.set(name, shares.get(name)! + more);
      left -= more;
    }
    open = open.filter((name) => shares.get(name)! < sizes.get(name)!);
  }
  return shares;
}
