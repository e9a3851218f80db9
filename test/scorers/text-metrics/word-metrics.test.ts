import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Score } from '../../../src/evaluation/evaluation-types.js';
import { bleuTokenizers } from '../../../src/scorers/text-metrics/bleu-tokenizers.js';
import { bleu, sentenceBleu } from '../../../src/scorers/text-metrics/bleu.js';
import { chrf, sentenceChrf } from '../../../src/scorers/text-metrics/chrf.js';
import { CorpusTotal, corpusMetricOf } from '../../../src/evaluation/corpus-metric.js';
import { lcsLength, lcsPositions } from '../../../src/scorers/text-metrics/longest-common-subsequence.js';
import { porterStem } from '../../../src/scorers/text-metrics/porter-stem.js';
import { rouge, rougeScore } from '../../../src/scorers/text-metrics/rouge.js';
import { dropScores } from '../../../src/scorers/text-metrics/drop-f1.js';
import { squadScores, tokenF1 } from '../../../src/scorers/text-metrics/token-f1.js';
import { createEvaluator } from '../../../src/evaluation/create-evaluator.js';
import { scoreWith } from '../../support/score-with.js';

describe('tokenF1', () => {
  it('gives the better reference and keeps both figures', () => {
    expect(scoreWith(tokenF1(), 'the black cat', ['a dog', 'Black cat!'])).toEqual({
      score: 1,
      metadata: { exactMatch: 1, f1: 1 },
    });
    expect(scoreWith(tokenF1({ measure: 'exactMatch' }), 'black cat sat', 'black cat')).toEqual({
      score: 0,
      metadata: { exactMatch: 0, f1: 0.8 },
    });
  });

  it('counts repeated words as often as they stand, not once', () => {
    expect(scoreWith(tokenF1(), 'no no no', 'no')).toMatchObject({ score: 0.5 });
  });

  it('takes an empty reference as unanswerable, and no reference as nothing to compare with', () => {
    expect(scoreWith(tokenF1(), 'The.', '')).toMatchObject({ score: 1 });
    expect(scoreWith(tokenF1(), 'Paris', '')).toMatchObject({ score: 0 });
    expect(scoreWith(tokenF1(), 'Paris', undefined)).toMatchObject({ score: null });
  });
});

describe('rouge', () => {
  it('takes the reference with the best F and the figure that was asked for', () => {
    const references = ['the cat sat on the mat', 'something else'];
    expect(scoreWith(rouge(), 'the cat sat', references)).toMatchObject({
      score: 2 / 3,
      metadata: { precision: 1, recall: 0.5 },
    });
    expect(
      scoreWith(rouge({ variant: 'rouge2', measure: 'precision' }), 'the cat sat', references),
    ).toMatchObject({
      score: 1,
    });
    expect(scoreWith(rouge(), 'x', undefined)).toMatchObject({ score: null });
  });

  it('is 0 where one side has no words', () => {
    for (const variant of ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const) {
      expect(rougeScore('', 'a b', { variant }).fmeasure).toBe(0);
      expect(rougeScore('東京', '東京', { variant }).fmeasure).toBe(0);
    }
  });

  it('refuses a variant that does not exist', () => {
    expect(() => rouge({ variant: 'rouge0' as never })).toThrow("'rouge1' to 'rouge9'");
    expect(rouge({ stem: true }).convention).toBe('rouge(variant=rougeL,measure=fmeasure,stem=yes)');
  });

  it('finds the longest common subsequence 32 cells at a time as cell by cell', () => {
    const tokens = fc
      .array(fc.integer({ min: 0, max: 4 }), { maxLength: 90 })
      .map((list) => Int32Array.from(list));
    fc.assert(
      fc.property(tokens, tokens, (a, b) => {
        const positions = lcsPositions(a, b);
        return (
          lcsLength(a, b) === positions.length &&
          lcsLength(b, a) === positions.length &&
          isSubsequence(positions, a, b)
        );
      }),
    );
  });

  it.each([
    ['ponies', 'poni'],
    ['ties', 'tie'],
    ['dying', 'die'],
    ['agreed', 'agre'],
    ['relational', 'relat'],
    ['hopping', 'hop'],
    ['falling', 'fall'],
    ['enjoy', 'enjoy'],
    ['happily', 'happili'],
    ['generalizations', 'gener'],
  ])('stems %s to %s', (word, stem) => {
    expect(porterStem(word)).toBe(stem);
  });
});

describe('the pure forms of the word metrics', () => {
  it.each<[string, () => unknown]>([
    ['squadScores', () => squadScores('a', [])],
    ['dropScores', () => dropScores(['a'], [])],
    ['sentenceBleu', () => sentenceBleu('a', [])],
    ['sentenceChrf', () => sentenceChrf('a', [])],
  ])('refuse to compare with nothing: %s', (_, run) => {
    expect(run).toThrow('Expected at least one reference, got none');
  });

  it.each<[string, () => unknown]>([
    ['squadScores', () => squadScores('a', 'a' as never)],
    ['dropScores', () => dropScores('a' as never, ['a'])],
    ['sentenceBleu', () => sentenceBleu('a b', 'a b' as never)],
    ['sentenceChrf', () => sentenceChrf('a b', 'a b' as never)],
  ])('refuse a single text where a list is meant, whose letters would count: %s', (_, run) => {
    expect(run).toThrow(/to be a list of texts, got "a/);
  });

  it('refuse what is no text', () => {
    expect(() => sentenceBleu(undefined as never, ['a'])).toThrow('the answer to be a text, got undefined');
    expect(() => squadScores('a', [null as never])).toThrow('each of the references to be a text, got null');
    expect(() => rougeScore('a', 1 as never, { variant: 'rouge1' })).toThrow('the reference to be a text');
  });

  it('refuse a ROUGE that there is not', () => {
    expect(() => rougeScore('a', 'a', { variant: 'rougeX' as never })).toThrow('`variant` of rougeScore');
    expect(() => rougeScore('a', 'a', {} as never)).toThrow('`variant` of rougeScore to be given');
  });
});

describe('bleu and chrf', () => {
  it('score an answer that equals its reference 1, although sacreBLEU rounds above 100', () => {
    const text = 'It is a guide to action which ensures that the military obeys.';
    expect(sentenceBleu(text, [text]).score).toBeCloseTo(100, 9);
    expect(scoreWith(bleu(), text, text)).toMatchObject({ score: 1 });
    expect(scoreWith(chrf(), text, text)).toMatchObject({ score: 1 });
  });

  it.each([
    ['13a', 'Preis: 1.024,50 € – „gut“!', 'Preis|:|1.024,50|€|–|„gut“|!'],
    ['intl', 'Preis: 1.024,50 € – „gut“!', 'Preis|:|1.024,50|€|–|„|gut|“|!'],
    ['13a', 'a_b (x)… 3.14 5.', 'a|_|b|(|x|)|…|3.14|5|.'],
    ['intl', 'a_b (x)… 3.14 5.', 'a|_|b|(|x|)|…|3.14|5.'],
    ['intl', '日本語😀x', '日本語|😀|x'],
    ['zh', '我爱，New York 2.5%。', '我|爱|，|New|York|2.5|%|。'],
    ['zh', '\u2014x\u2a70y', '\u2014|x\u2a70y'],
    ['zh', '日本語😀x', '日|本|語|😀x'],
    ['char', 'aé 😀', 'a|é|😀'],
  ] as const)("split as sacreBLEU's tokeniser %s: %j", (tokenize, text, tokens) => {
    expect(bleuTokenizers[tokenize](text)).toEqual(tokens.split('|'));
    expect(bleu({ tokenize }).convention).toContain(`tok=${tokenize},`);
  });

  it('leave empty references out, and a case without any unscored', () => {
    expect(sentenceChrf('a b', ['a b'])).toBe(100);
    for (const scorer of [bleu(), chrf()]) {
      expect(scoreWith(scorer, 'the cat', ['', 'the cat'])).toMatchObject({ score: 1 });
      expect(scoreWith(scorer, 'the cat', ['', ''])).toMatchObject({ score: null });
      expect(scoreWith(scorer, 'the cat', undefined)).toMatchObject({ score: null });
      expect(scoreWith(scorer, '', 'the cat')).toMatchObject({ score: 0 });
    }
  });

  it('sign their corpus figures, also when the number of references varies', () => {
    const signature = (scorer: typeof bleu | typeof chrf, references: readonly string[][]): unknown => {
      const made = scorer({ lowercase: true });
      const total = new CorpusTotal(made.corpus);
      for (const each of references)
        total.add(scoreWith(made, 'the cat sat', each) as { metadata: object } as never);
      return total.summary().details['signature'];
    };
    expect(signature(bleu, [['a'], ['b']])).toBe('nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|impl:assaykit');
    expect(signature(bleu, [['a'], ['b', 'c']])).toMatch(/^nrefs:var\|/);
    expect(signature(chrf, [['a', 'b']])).toBe('nrefs:2|case:lc|eff:yes|nc:6|nw:0|space:no|impl:assaykit');
    expect(bleu({ smoothing: 'floor' }).convention).toContain('smooth=floor[0.10]');
  });

  it('count the same in any order and in any number of parts', () => {
    const scorer = bleu();
    const text = fc.array(fc.constantFrom('the', 'cat', 'sat', 'on', 'mat'), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        (rows, parts) => {
          const scores = rows.map(([a, b]) => scoreWith(scorer, a.join(' '), b.join(' ')) as Score);
          const whole = new CorpusTotal(scorer.corpus);
          for (const score of scores) whole.add(score as never);
          const split = Array.from({ length: parts }, () => new CorpusTotal(scorer.corpus));
          [...scores].reverse().forEach((score, i) => split[i % parts]!.add(score as never));
          const merged = new CorpusTotal(scorer.corpus);
          for (const part of split) merged.merge(part);
          expect(merged.summary()).toEqual(whole.summary());
        },
      ),
    );
  });

  it('have no corpus figure without results, and ignore results of other scorers', () => {
    for (const scorer of [bleu(), chrf()]) {
      const total = new CorpusTotal(scorer.corpus);
      total.add({});
      total.add({ metadata: { corpus: [1, 2] } });
      expect(total.results).toBe(0);
      expect(total.summary()).toEqual({ score: null, details: {} });
    }
  });

  it('reach the evaluator, by dimension', () => {
    const scorer = bleu();
    const evaluator = createEvaluator({
      name: 'e',
      version: '1',
      dimensions: { translation: scorer, style: { scorer: chrf() }, plain: () => 1 },
    });
    expect(Object.keys(evaluator.corpusMetrics!)).toEqual(['translation', 'style']);
    expect(evaluator.corpusMetrics!['translation']).toBe(scorer.corpus);
    expect(corpusMetricOf(() => 1)).toBeUndefined();
  });
});

function isSubsequence(positions: readonly number[], a: Int32Array, b: Int32Array): boolean {
  let next = b.length - 1;
  for (const position of positions) {
    while (next >= 0 && b[next] !== a[position]) next--;
    if (next-- < 0) return false;
  }
  return true;
}
