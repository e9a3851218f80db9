import { describe, expect, it } from 'vitest';
import { AssayError } from '../../src/errors.js';
import {
  betweenZeroAndOne,
  boolean,
  checkOptions,
  either,
  having,
  integer,
  milliseconds,
  number,
  oneOf,
  requireOptions,
  text,
} from '../../src/foundation/options.js';

interface Options {
  readonly concurrency?: number | undefined;
  readonly name?: string | undefined;
}
const check = (options: unknown): Readonly<Options> =>
  checkOptions('Thing', options as Options, { concurrency: integer(1), name: text });

describe('checkOptions', () => {
  it('gives a frozen copy, in which an explicit undefined means default', () => {
    const given = { concurrency: 2, name: undefined };
    const checked = check(given);
    expect(checked).toEqual({ concurrency: 2 });
    expect(checked).not.toBe(given);
    expect(Object.isFrozen(checked)).toBe(true);
  });

  it.each([
    [{ concurrency: 0 }, 'Expected `concurrency` of Thing to be an integer >= 1, got 0'],
    [{ concurency: 2 }, 'Unknown option `concurency` of Thing; did you mean `concurrency`?'],
    [{ toString: 1 }, 'Unknown option `toString` of Thing; known are `concurrency`, `name`'],
    [null, 'Expected the options of Thing to be an object, got null'],
    ['all', 'Expected the options of Thing to be an object, got "all"'],
  ])('names option, expectation and what came: %j', (options, message) => {
    let thrown: unknown;
    try {
      check(options);
    } catch (error) {
      thrown = error;
    }
    expect(AssayError.is(thrown) && [thrown.code, thrown.message]).toEqual(['ASSAY_INVALID_OPTION', message]);
  });

  it('says which option without a default is missing', () => {
    expect(() => requireOptions('Thing', check({ concurrency: 1 }), ['concurrency', 'name'])).toThrow(
      'Expected `name` of Thing to be given',
    );
  });
});

describe('checks of values', () => {
  it.each([
    [integer(1, 3), [1, 3], [0, 4, 1.5, Number.NaN, '1', null]],
    [number(0, 1), [0, 0.5, 1], [-0.1, 1.1, Number.POSITIVE_INFINITY, '0']],
    [betweenZeroAndOne, [0.5], [0, 1, '0.5', Number.NaN]],
    [milliseconds, [0, 1.5, Number.POSITIVE_INFINITY], [-1, Number.NaN, '1']],
    [boolean, [true, false], [0, 'true', null]],
    [text, ['a'], ['', 1, null]],
    [oneOf('a', 'b'), ['a'], ['c', 1, undefined]],
    [either(boolean, integer(1)), [true, 1], [0, 'x']],
    [having('a store', 'append'), [{ append: () => 1 }], [{}, null, 1, { append: 1 }]],
  ])('take the good and say what they expected of the bad (%#)', (valueCheck, good, bad) => {
    for (const value of good) expect(valueCheck(value)).toBeUndefined();
    for (const value of bad) expect(valueCheck(value)).toEqual(expect.any(String));
  });
});
