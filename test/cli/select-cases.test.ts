import { describe, expect, it } from 'vitest';
import { selectCases, type CaseSelection } from '../../src/cli/select-cases.js';

const all = Array.from({ length: 100 }, (_, i) => ({ id: `c${i}` }));
const none: CaseSelection = { only: [], limit: undefined, sample: undefined, seed: 0 };
async function idsOf(
  selection: Partial<CaseSelection>,
  cases: Iterable<{ id: string }> = all,
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of selectCases(cases, { ...none, ...selection })) ids.push(id);
  return ids;
}

describe('a selection of cases', () => {
  it('is the input itself when nothing is asked for, so that its length is known', () => {
    expect(selectCases(all, none)).toBe(all);
  });

  it('takes ids, with * for any text and nothing else that is special', async () => {
    expect(await idsOf({ only: ['c7', 'c9*'] })).toEqual(
      ['c7', 'c9', ...Array.from({ length: 10 }, (_, i) => `c9${i}`)].sort(
        (a, b) => Number(a.slice(1)) - Number(b.slice(1)),
      ),
    );
    expect(await idsOf({ only: ['c.'] })).toEqual([]);
    expect(await idsOf({ only: ['a+b (1)'] }, [{ id: 'a+b (1)' }, { id: 'aab (1)' }])).toEqual(['a+b (1)']);
    expect(await idsOf({ only: ['*z'] }, [{ id: 'a\nz' }])).toEqual(['a\nz']);
  });

  it('leaves what is no case to the run, which says what is wrong with it', async () => {
    const broken = [{ id: 'a' }, {}, { id: 'b' }] as { id: string }[];
    expect(await idsOf({ only: ['b'] }, broken)).toEqual([undefined, 'b']);
    await expect(idsOf({ limit: 1 }, 'cases.jsonl' as never)).rejects.toMatchObject({
      code: 'ASSAY_INVALID_INPUT',
    });
  });

  it('reads no more than the first ones, and closes their source', async () => {
    let [read, closed] = [0, false];
    function* source(): Generator<{ id: string }> {
      try {
        for (const each of all) {
          read += 1;
          yield each;
        }
      } finally {
        closed = true;
      }
    }
    expect(await idsOf({ limit: 3 }, source())).toEqual(['c0', 'c1', 'c2']);
    expect([read, closed]).toEqual([3, true]);
  });

  it('draws each case with the same chance, in the order of the input, the same by the same seed', async () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 2000; seed++)
      for (const id of await idsOf({ sample: 10, seed })) counts.set(id, (counts.get(id) ?? 0) + 1);
    const expected = 200; // of 2000 draws of 10 out of 100; standard deviation 13.4
    expect(counts.size).toBe(100);
    for (const count of counts.values()) expect(Math.abs(count - expected)).toBeLessThan(67); // 5 of them
    const drawn = await idsOf({ sample: 10, seed: 3 });
    expect(drawn).toEqual([...drawn].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))));
    expect(await idsOf({ sample: 10, seed: 3 })).toEqual(drawn);
    expect(await idsOf({ sample: 500 })).toHaveLength(100);
  });
});
