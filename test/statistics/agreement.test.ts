import { describe, expect, it } from 'vitest';
import { agreement, cohenKappa, fleissKappa, percentAgreement } from '../../src/statistics/agreement.js';
import { krippendorffAlpha } from '../../src/statistics/krippendorff.js';
import { itWithData, readDataLines } from '../support/data.js';
import { readReference } from '../support/reference.js';
import { expectClose } from './support.js';

interface AgreementCase {
  readonly id: number;
  readonly kind: string;
  readonly a: number[];
  readonly b: number[];
  readonly labels: number[];
  readonly units: (number | null)[][];
  readonly expected: Readonly<Record<string, number | null>>;
}

describe('reference cases of agreement', () => {
  const { cases } = readReference<{ cases: AgreementCase[] }>('agreement');

  it.each(cases.filter(({ kind }) => kind === 'two raters'))(
    'two raters, case $id',
    ({ a, b, labels, expected }) => {
      expectClose(
        percentAgreement(a.map((rating, i) => [rating, b[i] as number])),
        expected['percent'] as number,
      );
      expectClose(cohenKappa(a, b, { labels }), expected['cohen'] as number | null);
      expectClose(cohenKappa(a, b, { labels, weights: 'linear' }), expected['cohenLinear'] as number | null);
      expectClose(
        cohenKappa(a, b, { labels, weights: 'quadratic' }),
        expected['cohenQuadratic'] as number | null,
      );
      const all = agreement(
        a.map((rating, i) => [rating, b[i] as number]),
        { labels },
      );
      expectClose(all.cohenQuadratic, expected['cohenQuadratic'] as number | null);
    },
  );

  it.each(cases.filter(({ kind }) => kind !== 'two raters'))('$kind, case $id', ({ units, expected }) => {
    for (const level of ['nominal', 'ordinal', 'interval', 'ratio'] as const) {
      const reference = expected[`krippendorff_${level}`] as number | null;
      expectClose(krippendorffAlpha(units, { level }), reference);
      expectClose(agreement(units, { level }).krippendorff, reference);
    }
    if ('fleiss' in expected)
      expectClose(fleissKappa(units as number[][]), expected['fleiss'] as number | null);
    else expect(agreement(units).fleiss).toBeNull();
  });

  itWithData('agrees with PandaLM: 25 of 999 judgements unusable means two honest figures, not one', () => {
    const rows = readDataLines<{ human: number; judge: number | null }>('pandalm/judged_pairs.jsonl');
    const found = agreement(rows.map(({ human, judge }) => [human, judge]));
    const usable = rows.filter(({ judge }) => judge !== null);
    const equal = usable.filter(({ human, judge }) => human === judge).length;
    expect(found.missing).toBe(rows.length - usable.length);
    expect(found.percent).toBe(equal / usable.length);
    // Cohen's kappa from the definition, by marginal shares.
    const share = (of: (row: { human: number; judge: number | null }) => boolean): number =>
      usable.filter(of).length / usable.length;
    const chance = [0, 1, 2].reduce(
      (sum, label) => sum + share(({ human }) => human === label) * share(({ judge }) => judge === label),
      0,
    );
    expectClose(found.cohen, (equal / usable.length - chance) / (1 - chance), 1e-12);
  });
});

describe('agreement', () => {
  it('is not defined when nobody could have disagreed', () => {
    expect(cohenKappa(['yes', 'yes'], ['yes', 'yes'])).toBeNull();
    expect(
      fleissKappa([
        ['a', 'a'],
        ['a', 'a'],
      ]),
    ).toBeNull();
    expect(
      krippendorffAlpha([
        ['a', 'a'],
        ['a', null],
      ]),
    ).toBeNull();
    expect(cohenKappa([], [])).toBeNull();
    expect(fleissKappa([])).toBeNull();
    expect(percentAgreement([['a', null]])).toBeNull();
    expect(agreement([]).percent).toBeNull();
  });

  it('leaves Cohen out for three raters and Fleiss out for missing ratings', () => {
    const found = agreement([
      ['a', 'b', 'a'],
      ['b', 'b', null],
    ]);
    expect([found.cohen, found.fleiss, found.raters, found.missing]).toEqual([null, null, 3, 1]);
  });

  it('reproduces Krippendorff 2011, section E: four observers, missing ratings', () => {
    const text = [
      '1 2 3 3 2 1 4 1 2 * * *',
      '1 2 3 3 2 2 4 1 2 5 * 3',
      '* 3 3 3 2 3 4 2 2 5 1 *',
      '1 2 3 3 2 4 4 1 2 5 1 *',
    ];
    const observers = text.map((row) =>
      row.split(' ').map((rating) => (rating === '*' ? null : Number(rating))),
    );
    const units = (observers[0] as (number | null)[]).map((_, i) =>
      observers.map((row) => row[i] as number | null),
    );
    const rounded = (['nominal', 'ordinal', 'interval', 'ratio'] as const).map((level) =>
      (krippendorffAlpha(units, { level }) as number).toFixed(3),
    );
    expect(rounded).toEqual(['0.743', '0.815', '0.849', '0.797']);
  });

  it('refuses what it cannot read', () => {
    expect(() => cohenKappa([1], [1, 2])).toThrow(/one length/);
    expect(() => cohenKappa([1, 9], [1, 2], { labels: [1, 2] })).toThrow(/given labels/);
    expect(() => cohenKappa([1], [1], { labels: [1, 1] })).toThrow(/once/);
    expect(() => fleissKappa([[1, 2], [1]])).toThrow(/krippendorffAlpha/);
    expect(() => krippendorffAlpha([['a', 'b']], { level: 'interval' })).toThrow(/numbers/);
  });
});
