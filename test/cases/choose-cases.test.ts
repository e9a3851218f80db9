import { describe, expect, it } from 'vitest';
import { onlyCases, type OnlyCasesOptions } from '../../src/cases/only-cases.js';
import { sampleCases } from '../../src/cases/sample-cases.js';
import { SharedFeed } from '../../src/cases/shared-feed.js';
import { toCaseSource } from '../../src/cases/case-source.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';

interface Case {
  readonly id: string;
  readonly input: string;
  readonly group?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
}
const many = (n: number): Case[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `c${i}`,
    input: 'x',
    group: i % 10 === 0 ? 'rare' : 'common',
    metadata: { language: 'de' },
  }));
const ids = (cases: readonly Case[]): string[] => cases.map(({ id }) => id);

describe('onlyCases', () => {
  const cases: Case[] = [
    { id: 'a', input: '', group: 'g', metadata: { tags: ['x', 'slow'], split: 'test' } },
    { id: 'b', input: '', metadata: { tags: ['y'], split: 'dev' } },
    { id: 'c', input: '' },
    { id: 'd', input: '', group: 'h', metadata: { tags: 'x', split: 'test' } },
  ];
  const only = async (options: OnlyCasesOptions<Case>): Promise<string> => {
    const found: string[] = [];
    for await (const { id } of onlyCases(cases, options)) found.push(id);
    return found.join('');
  };

  it('takes those that meet all that is asked, in their order', async () => {
    expect(await only({})).toBe('abcd');
    expect(await only({ ids: ['d', 'a', 'z'] })).toBe('ad');
    expect(await only({ tags: ['x', 'y'] })).toBe('ab');
    expect(await only({ withoutTags: ['slow'] })).toBe('bcd');
    expect(await only({ split: 'test' })).toBe('ad');
    expect(await only({ split: ['test', 'dev'], withoutTags: ['y'] })).toBe('ad');
    expect(await only({ group: ['g', 'h'], where: ({ id }) => id > 'a' })).toBe('d');
  });

  it('reads as it is asked, and closes the source when it is left', async () => {
    let closed = false;
    function* endless() {
      try {
        for (let i = 0; ; i++) yield { id: `c${i}`, input: '' };
      } finally {
        closed = true;
      }
    }
    for await (const { id } of onlyCases(endless(), { where: (each) => each.id.endsWith('7') }))
      if (id === 'c27') break;
    expect(closed).toBe(true);
    expect(() => onlyCases([], { tags: [] })).toThrow(
      '`tags` of onlyCases to be a list of non-empty strings',
    );
  });
});

describe('sampleCases', () => {
  it('draws n cases by seed, whatever order they come in, and returns them in their order', async () => {
    const cases = many(1000);
    const drawn = await sampleCases(cases, { n: 50, seed: 7 });
    expect(drawn).toHaveLength(50);
    expect(ids(drawn)).toEqual(ids(cases.filter((each) => drawn.includes(each))));
    const turned = await sampleCases(cases.toReversed(), { n: 50, seed: 7 });
    expect(ids(turned).toReversed()).toEqual(ids(drawn));
    expect(ids(await sampleCases(cases, { n: 50, seed: 8 }))).not.toEqual(ids(drawn));
    const more = await sampleCases(cases, { n: 80, seed: 7 });
    expect(ids(drawn).every((id) => ids(more).includes(id))).toBe(true);
    expect(await sampleCases(many(3), { n: 5 })).toHaveLength(3);
  });

  it('draws each case alike often', async () => {
    const cases = many(20);
    const drawn = new Map<string, number>();
    for (let seed = 0; seed < 2000; seed++)
      for (const { id } of await sampleCases(cases, { n: 5, seed })) drawn.set(id, (drawn.get(id) ?? 0) + 1);
    for (const { id } of cases) expect(Math.abs(drawn.get(id)! - 500)).toBeLessThan(100); // 5 standard deviations
  });

  it('shares it over strata, in proportion or alike', async () => {
    const count = (cases: readonly Case[]) => cases.filter(({ group }) => group === 'rare').length;
    expect(count(await sampleCases(many(1000), { n: 50, strata: 'group' }))).toBe(5);
    expect(count(await sampleCases(many(1000), { n: 50, strata: 'group', allocation: 'equal' }))).toBe(25);
    expect(count(await sampleCases(many(100), { n: 50, strata: 'group', allocation: 'equal' }))).toBe(10); // all there are
    const random = seededRandom(1);
    for (let i = 0; i < 50; i++) {
      const cases = many(1 + Math.floor(random() * 60)).map((each) => ({
        ...each,
        metadata: { s: Math.floor(random() * 5) },
      }));
      const n = 1 + Math.floor(random() * 70);
      for (const allocation of ['proportional', 'equal'] as const) {
        const drawn = await sampleCases(cases, { n, seed: i, strata: 'metadata.s', allocation });
        expect(drawn).toHaveLength(Math.min(n, cases.length));
        expect(new Set(ids(drawn)).size).toBe(drawn.length);
      }
    }
  });

  it('reads a stream of any length in memory for the sample', async () => {
    let read = 0;
    async function* stream() {
      for (let i = 0; i < 200_000; i++) {
        read++;
        yield { id: `c${i}`, input: 'x' };
      }
    }
    expect(await sampleCases(stream(), { n: 10 })).toHaveLength(10);
    expect(read).toBe(200_000);
  });

  it('refuses bad options and cases', async () => {
    await expect(sampleCases(many(1), {} as never)).rejects.toThrow(
      'Expected `n` of sampleCases to be given',
    );
    await expect(sampleCases(many(1), { n: 0 })).rejects.toThrow('`n` of sampleCases');
    await expect(sampleCases([{ input: 'x' }] as never, { n: 1 })).rejects.toMatchObject({
      code: 'ASSAY_INVALID_CASE',
    });
  });
});

describe('SharedFeed', () => {
  const feedOf = (
    cases: Iterable<number>,
    options: Partial<ConstructorParameters<typeof SharedFeed>[1]> = {},
  ) => new SharedFeed(toCaseSource(cases), { readers: 3, window: 4, aheadOf: 'readers', ...options });
  const all = async (reader: AsyncIterable<unknown>): Promise<unknown[]> => {
    const found: unknown[] = [];
    for await (const each of reader) found.push(each);
    return found;
  };

  it('gives every reader all cases in order, however fast each is', async () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const feed = feedOf(numbers);
    expect(await Promise.all([0, 1, 2].map((reader) => all(feed.reader(reader))))).toEqual([
      numbers,
      numbers,
      numbers,
    ]);
  });

  it('lets a reader be no further ahead than the window, until the others follow or leave', async () => {
    let pulled = 0;
    function* counted() {
      for (;;) yield pulled++;
    }
    const feed = feedOf(counted());
    const fast = feed.reader(0);
    for (let i = 0; i < 4; i++) await fast.next();
    const fifth = fast.next();
    await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBe(4);
    const slow = feed.reader(1);
    await slow.next();
    feed.leave(2);
    expect(await fifth).toMatchObject({ value: 4 });
    await feed.stop();
    expect((await fast.next()).done).toBe(true);
  });

  it('throws what the source throws to each reader that comes so far', async () => {
    const broken = (function* () {
      yield 1;
      throw new Error('torn');
    })();
    const feed = feedOf(broken);
    const ends = await Promise.allSettled([0, 1, 2].map((reader) => all(feed.reader(reader))));
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});
