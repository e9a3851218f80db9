import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trajectory, type TrajectoryOptions } from '../../src/agents/trajectory.js';
import { seededRandom } from '../../src/foundation/seeded-random.js';
import type { GivenToolCall } from '../../src/client/given-tool-calls.js';
import { scoreCalls, written } from './call-scoring.js';

const MATCHES = ['same-order', 'in-order', 'same-set', 'includes', 'only'] as const;

/**
 * The four published modes of agentevals, restated: a call of one list is looked up in the other, first come first served,
 * each used once. Its messages are taken to hold one call each, so that `strict` is a comparison in turn.
 */
type Fits = (actual: GivenToolCall, expected: GivenToolCall) => boolean;
function covers(outer: readonly GivenToolCall[], inner: readonly GivenToolCall[], fits: Fits): boolean {
  const used = new Set<number>();
  return inner.every((wanted) => {
    const at = outer.findIndex((made, i) => !used.has(i) && made.name === wanted.name && fits(made, wanted));
    used.add(at);
    return at >= 0;
  });
}
const PUBLISHED = {
  strict: (actual: readonly GivenToolCall[], expected: readonly GivenToolCall[], fits: Fits) =>
    actual.length === expected.length &&
    actual.every((made, i) => made.name === expected[i]!.name && fits(made, expected[i]!)),
  unordered: (actual: readonly GivenToolCall[], expected: readonly GivenToolCall[], fits: Fits) =>
    covers(actual, expected, fits) && covers(expected, actual, fits),
  superset: (actual: readonly GivenToolCall[], expected: readonly GivenToolCall[], fits: Fits) =>
    covers(actual, expected, fits),
  subset: (actual: readonly GivenToolCall[], expected: readonly GivenToolCall[], fits: Fits) =>
    covers(expected, actual, fits),
};
const OURS = { strict: 'same-order', unordered: 'same-set', superset: 'includes', subset: 'only' } as const;

const sameArguments: Fits = (a, b) => JSON.stringify(a.arguments) === JSON.stringify(b.arguments);
const RULES: readonly (readonly [TrajectoryOptions['arguments'], Fits])[] = [
  ['equal', sameArguments],
  ['ignore', () => true],
  [{ default: 'equal', tools: { a: 'ignore' } }, (a, b) => a.name === 'a' || sameArguments(a, b)],
  [{ default: 'equal', tools: { b: () => false } }, (a, b) => a.name !== 'b' && sameArguments(a, b)],
];

/** Two lists that have much in common: the second is the first with calls moved, changed, added and taken away. */
function generated(random: () => number): readonly [GivenToolCall[], GivenToolCall[]] {
  const below = (n: number): number => Math.floor(random() * n);
  const call = (): GivenToolCall => ({ name: 'abc'[below(3)]!, arguments: { x: below(2) } });
  const expected = Array.from({ length: below(6) }, call);
  const actual = [...expected];
  for (let edits = below(4); edits > 0; edits--) {
    const at = below(actual.length + 1);
    const edit = below(4);
    if (edit === 0) actual.splice(at, 0, call());
    else if (edit === 1) actual.splice(at, 1);
    else if (edit === 2 && at < actual.length) actual[at] = { ...actual[at]!, arguments: { x: below(2) } };
    else actual.splice(below(actual.length + 1), 0, ...actual.splice(at, 1));
  }
  return [expected, actual];
}

describe('trajectory', () => {
  it('agrees with the four published match modes on 1,000 generated trajectories', async () => {
    const random = seededRandom(25);
    const kept: Record<string, number> = {};
    const disagreements: unknown[] = [];
    for (let i = 0; i < 1000; i++) {
      const [expected, actual] = generated(random);
      const [rule, fits] = RULES[i % RULES.length]!;
      for (const mode of ['strict', 'unordered', 'superset', 'subset'] as const) {
        const wanted = PUBLISHED[mode](actual, expected, fits);
        if (wanted) kept[mode] = (kept[mode] ?? 0) + 1;
        for (const measure of ['exact', 'partial'] as const) {
          const { score } = await scoreCalls(
            trajectory({ match: OURS[mode], arguments: rule, measure }),
            actual,
            expected,
          );
          if ((score === 1) !== wanted) disagreements.push({ mode, measure, expected, actual, score });
        }
      }
    }
    expect(disagreements).toEqual([]);
    for (const mode of Object.keys(PUBLISHED)) {
      expect(kept[mode]).toBeGreaterThan(200); // both verdicts are there to agree with
      expect(kept[mode]).toBeLessThan(800);
    }
  });

  // expected | nearer to it | farther from it, in the order of a person who was asked which of the two she would rather fix
  const JUDGED: readonly (readonly [(typeof MATCHES)[number], string, string, string])[] = [
    ['same-order', 'a b c', 'a b c', 'a b'],
    ['same-order', 'a b c', 'a b', 'a'],
    ['same-order', 'a b c', 'a', ''],
    ['same-order', 'a b c', 'a b c d', 'a b c d e'],
    ['same-order', 'a b c', 'a b c d', 'a d e'],
    ['same-order', 'a b c', 'a b d', 'a d e'],
    ['same-order', 'a b c', 'a b d', 'c b a d'],
    ['same-order', 'a b c d', 'b a c d', 'd c b a'],
    ['same-order', 'a1 b2 c3', 'a1 b2 c4', 'a1 b5 c4'],
    ['same-order', 'a1 b2 c3', 'a1 b2 c4', 'a1 b2 d'],
    ['same-order', 'a12 b', 'a13 b', 'a34 b'],
    ['same-order', 'a12 b', 'a1 b', 'b'],
    ['same-order', '', '', 'a'],
    ['in-order', 'a b c', 'x a b x c x', 'x a x c'],
    ['in-order', 'a b c', 'a c b', 'c b a'],
    ['in-order', 'a b c', 'a b', 'b a'],
    ['in-order', 'a1 b2', 'a1 x b3', 'x b3'],
    ['in-order', 'a a b', 'a b', 'b a'],
    ['same-set', 'a b c', 'c a b', 'c a b a'],
    ['same-set', 'a b c', 'c a', 'c'],
    ['same-set', 'a a b', 'a b a', 'a b b'],
    ['same-set', 'a1 a2', 'a2 a1', 'a2 a3'],
    ['same-set', 'a12 a34', 'a34 a15', 'a15 a67'],
    ['same-set', 'a b', 'a x', 'x y'],
    ['includes', 'a b', 'x b a y', 'x b y'],
    ['includes', 'a a', 'a x a', 'a x'],
    ['includes', 'a1 b1', 'b1 a2 x', 'b2 a2 x'],
    ['only', 'a b c', 'a', 'a x'],
    ['only', 'a b c', 'a b x', 'a x y'],
    ['only', 'a b', 'b b', 'b b b'],
  ];

  it('grades in the order of a person on 30 pairs', async () => {
    expect(JUDGED).toHaveLength(30);
    const wrong: unknown[] = [];
    for (const [match, expected, near, far] of JUDGED) {
      const scorer = trajectory({ match, measure: 'partial' });
      const [nearer, farther] = [
        await scoreCalls(scorer, written(near), written(expected)),
        await scoreCalls(scorer, written(far), written(expected)),
      ];
      if (!(nearer.score! > farther.score!))
        wrong.push([match, expected, near, nearer.score, far, farther.score]);
    }
    expect(wrong).toEqual([]);
  });

  it('gives values that can be worked out on paper', async () => {
    const partial = async (match: (typeof MATCHES)[number], expected: string, actual: string) =>
      (await scoreCalls(trajectory({ match, measure: 'partial' }), written(actual), written(expected))).score;
    expect(await partial('same-order', 'a b c d', 'a x c')).toBe(0.5); // one other, one missing of four
    expect(await partial('same-order', 'a1', 'a2')).toBe(0.5); // the name, and none of one argument
    expect(await partial('same-order', 'a12', 'a13')).toBeCloseTo(2 / 3, 15);
    expect(await partial('in-order', 'a b c', 'b x c a')).toBeCloseTo(2 / 3, 15);
    expect(await partial('same-set', 'a b', 'b a c c')).toBe(0.5);
    expect(await partial('includes', 'a a b', 'x a y')).toBeCloseTo(1 / 3, 15);
    expect(await partial('only', 'a b', 'a x y z')).toBe(0.25);
    expect(await partial('only', 'a b', '')).toBe(1);
    expect(await partial('includes', '', 'a')).toBe(1);
    expect(await partial('same-set', '', 'a')).toBe(0);
  });

  it('is 1 for the calls themselves, within 0..1 for any, and the graded form is 1 exactly when the other is', async () => {
    const call = fc.record({
      name: fc.constantFrom('a', 'b'),
      arguments: fc.dictionary(fc.constantFrom('x', 'y'), fc.nat(1)),
    });
    const list = fc.array(call, { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...MATCHES), list, list, async (match, expected, actual) => {
        const partial = trajectory({ match, measure: 'partial' });
        expect((await scoreCalls(partial, expected, expected)).score).toBe(1);
        const graded = (await scoreCalls(partial, actual, expected)).score!;
        expect(graded).toBeGreaterThanOrEqual(0);
        expect(graded).toBeLessThanOrEqual(1);
        const exact = (await scoreCalls(trajectory({ match }), actual, expected)).score;
        expect(exact).toBe(graded === 1 ? 1 : 0);
      }),
    );
  });

  it('takes 1 and 1.0 for equal, in any spelling of JSON, and "1" for another', async () => {
    const of = (argumentsText: string) => [{ name: 'a', argumentsText }];
    const scorer = trajectory();
    expect(
      (
        await scoreCalls(scorer, of('{"y":{"b":[1]},"x":1.0}'), [
          { name: 'a', arguments: { x: 1, y: { b: [1] } } },
        ])
      ).score,
    ).toBe(1);
    expect((await scoreCalls(scorer, of('{"x":"1"}'), [{ name: 'a', arguments: { x: 1 } }])).score).toBe(0);
    expect((await scoreCalls(scorer, of('{"x":true}'), [{ name: 'a', arguments: { x: 1 } }])).score).toBe(0);
  });

  it('lets arguments be ignored, include more, or be compared by a function, tool by tool', async () => {
    const rules = {
      default: 'includes',
      tools: {
        search: 'ignore',
        book: (wanted: Readonly<Record<string, unknown>>, got: Readonly<Record<string, unknown>>) =>
          Math.abs(Number(wanted['price']) - Number(got['price'])) < 5,
      },
    } as const;
    const scorer = trajectory({ arguments: rules });
    const expected = [
      { name: 'search', arguments: { q: 'trains' } },
      { name: 'book', arguments: { price: 100 } },
      { name: 'pay', arguments: { by: 'card' } },
    ];
    const made = (price: number, by: string) => [
      { name: 'search', arguments: { query: 'rail' } },
      { name: 'book', arguments: { price } },
      { name: 'pay', arguments: { by, tip: 1 } },
    ];
    expect((await scoreCalls(scorer, made(103, 'card'), expected)).score).toBe(1);
    expect((await scoreCalls(scorer, made(110, 'card'), expected)).score).toBe(0);
    expect((await scoreCalls(scorer, made(103, 'cash'), expected)).evidence).toEqual([
      'different: pay({"by":"cash","tip":1}) for pay({"by":"card"}), which differs at /by',
    ]);
    expect(scorer.convention).toBe(
      'trajectory(match=same-order,arguments=includes|book:custom|search:ignore,measure=exact,expected=expected)',
    );
    const tricky = trajectory({ arguments: { tools: {} } });
    expect((await scoreCalls(tricky, [{ name: 'constructor' }], ['constructor'])).score).toBe(1);
  });

  it('compares arguments as JSON would carry them: a member that is undefined is none, a number that is none is null', async () => {
    const of = (made: object, expected: object) =>
      scoreCalls(trajectory(), [{ name: 'a', arguments: made }], [{ name: 'a', arguments: expected }]);
    expect((await of({ x: undefined, y: 1 }, { y: 1 })).score).toBe(1);
    expect((await of({ x: [{ y: Number.NaN }] }, { x: [{ y: Number.NaN }] })).score).toBe(1);
    expect((await of({ x: null }, {})).score).toBe(0);
  });

  it('takes an expected call without arguments, or a bare name, for any arguments', async () => {
    expect((await scoreCalls(trajectory(), written('a1 b2'), ['a', { name: 'b' }])).score).toBe(1);
    expect((await scoreCalls(trajectory(), written('a1'), [{ name: 'a', arguments: {} }])).score).toBe(0);
  });

  it('takes the best of several expected trajectories, and the calls of recorded messages', async () => {
    const anyOf = [written('a b'), written('b a')];
    expect((await scoreCalls(trajectory(), written('b a'), { anyOf })).score).toBe(1);
    expect((await scoreCalls(trajectory(), written('b c'), { anyOf })).evidence).toEqual([
      'different: c({}) for a({})',
    ]);
    const messages = [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ id: '1', type: 'function', function: { name: 'a', arguments: '{"x":1}' } }],
      },
      { role: 'tool', tool_call_id: '1', content: 'ok' },
    ];
    expect((await scoreCalls(trajectory(), written('a1'), messages)).score).toBe(1);
  });

  it('says what is missing, extra or different, and only what breaks the rule', async () => {
    const findings = async (match: (typeof MATCHES)[number]) =>
      (await scoreCalls(trajectory({ match }), written('a1 x b3'), written('a1 b2 c'))).evidence;
    expect(await findings('same-order')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^different: /)]),
    );
    expect(await findings('includes')).toEqual([
      'different: b({"x":3}) for b({"x":2}), which differs at /x',
      'missing: c({})',
    ]);
    expect(await findings('only')).toEqual([
      'different: b({"x":3}) for b({"x":2}), which differs at /x',
      'extra: x({})',
    ]);
  });

  it('is unscored, and not 0, without an expectation and without a trajectory', async () => {
    expect(await scoreCalls(trajectory(), [], undefined)).toEqual({
      score: null,
      reason: 'the case expects no calls: it has no `expected`',
    });
    expect(await scoreCalls(trajectory(), undefined, written('a'))).toMatchObject({
      score: null,
      reason: expect.stringContaining('did not tell'),
    });
    // a model's response has all of its calls: it made none
    expect(await scoreCalls(trajectory(), undefined, written('a'), { endpoint: 'e' })).toMatchObject({
      score: 0,
    });
    expect(
      await scoreCalls(trajectory({ expected: 'metadata.calls' }), written('a'), written('a')),
    ).toMatchObject({ score: 1 });
  });

  it('refuses expectations that are none, naming the place', async () => {
    const bad = async (expected: unknown) => {
      await scoreCalls(trajectory({ expected: 'metadata.calls' }), [], expected);
    };
    await expect(bad('Paris')).rejects.toThrow(
      'Expected `metadata.calls` of the case to be a list of tool calls',
    );
    await expect(bad([{ arguments: {} }])).rejects.toThrow('tool calls with a name');
    await expect(bad([{ name: 'a', arguments: '{"x"' }])).rejects.toThrow('an object of arguments for a');
    await expect(bad({ anyOf: [] })).rejects.toMatchObject({ code: 'ASSAY_INVALID_CASE' });
  });

  it('refuses bad options', () => {
    const wrong = (options: object) => () => trajectory(options);
    expect(wrong({ match: 'strict' })).toThrow("Expected `match` of trajectory to be 'same-order' or");
    expect(wrong({ arguments: 'exact' })).toThrow('`arguments` of trajectory');
    expect(wrong({ arguments: { tools: { a: 'exact' } } })).toThrow('`tools.a` of trajectory.arguments');
    expect(wrong({ expected: 'output' })).toThrow("a place in the case such as 'expected'");
    expect(wrong({ expcted: 'expected' })).toThrow('did you mean `expected`?');
  });

  it('gives a runaway of 3,000 calls its score', async () => {
    const { score, metadata } = await scoreCalls(
      trajectory({ match: 'includes' }),
      Array.from({ length: 3000 }, (_, i) => ({ name: 'a', arguments: { i } })),
      [
        { name: 'a', arguments: { i: 2999 } },
        { name: 'a', arguments: { i: 0 } },
      ],
    );
    expect([score, metadata?.['matched'], metadata?.['extra']]).toEqual([1, 2, 2998]);
  });
});
