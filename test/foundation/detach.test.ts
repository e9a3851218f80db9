import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteSizeOf, SharedNames } from '../../src/foundation/byte-size.js';
import { detach } from '../../src/foundation/detach.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Texts of up to 60 UTF-16 units, with lone surrogates: ASCII, Latin-1 or wide. */
const mixedText = fc
  .tuple(fc.constantFrom(0x7f, 0xff, 0x3000, 0xffff), fc.array(fc.nat(0xffff), { maxLength: 60 }))
  .map(([most, units]) => String.fromCharCode(...units.map((unit) => unit % (most + 1))));

describe('detach', () => {
  it('copies plain data deeply equal', () => {
    const anything = fc.anything({
      key: mixedText,
      values: [
        mixedText,
        fc.double(),
        fc.integer(),
        fc.boolean(),
        fc.bigInt(),
        fc.constantFrom(null, undefined),
      ],
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withDate: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(detach(value).value).toStrictEqual(value);
      }),
    );
  });

  it('weighs the copy as byteSizeOf does, but for the texts that it puts together', () => {
    const withoutLongText = fc.anything({
      key: fc.string({ maxLength: 12 }),
      values: [fc.string({ maxLength: 12 }), fc.double(), fc.integer(), fc.bigInt(), fc.constant(null)],
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withDate: true,
      withNullPrototype: true,
    });
    fc.assert(
      fc.property(withoutLongText, (value) => {
        const { value: copy, bytes } = detach(value, new SharedNames());
        expect(bytes).toBe(byteSizeOf(copy, new SharedNames()));
      }),
    );
    const alone = 'x'.repeat(1000);
    expect(detach([alone]).bytes).toBe(byteSizeOf([alone]));
    const many = Array.from({ length: 50 }, (_, i) => `${i}`.padStart(50));
    const [list, parent, slices] = [48 + 50 * 8, 16 + 50 * 50 + 4, 50 * 40];
    expect(detach(many).bytes).toBe(list + parent + slices);
  });

  it('counts two bytes a character for wide texts only', () => {
    const narrow = Array.from({ length: 20 }, () => 'x'.repeat(100));
    const one = detach(['评'.repeat(100)]).bytes;
    expect(detach([...narrow, '评'.repeat(100)]).bytes).toBeLessThan(detach(narrow).bytes + one);
  });

  it.each([5, 13, 40, 64, 1000, 5000, 70_000])('keeps every character of a text of %i', (length) => {
    for (const alphabet of ['ab c', 'éÿ', '评估', '😀x', '\ud800\0']) {
      const text = alphabet.repeat(length).slice(0, length);
      expect(detach({ text }).value.text).toBe(text);
    }
  });

  it('keeps many texts apart, however many and wherever they stand', () => {
    const texts = Array.from({ length: 2000 }, (_, i) =>
      `${i} `.padEnd(13 + (i % 90), i % 7 === 0 ? '评' : 'x'),
    );
    const original = {
      texts,
      map: new Map(texts.map((each, i) => [each, { [`key-${i}`]: each }])),
      set: new Set(texts),
    };
    expect(detach(original).value).toStrictEqual(original);
  });

  it('is not changed by a later change of the original', () => {
    const original = { list: [{ score: 1 }], map: new Map([['a', { b: 1 }]]) };
    const { value } = detach(original);
    original.list[0]!.score = 2;
    original.map.get('a')!.b = 2;
    expect(value).toStrictEqual({ list: [{ score: 1 }], map: new Map([['a', { b: 1 }]]) });
  });

  it('keeps shared references shared, cycles cycles, holes holes and instances themselves', () => {
    class Money {
      readonly cents = 5;
    }
    const shared = { a: 1 };
    const money = new Money();
    // oxlint-disable-next-line no-sparse-arrays
    const original: Record<string, unknown> = { one: shared, two: shared, money, holes: [1, , 'x'] };
    original['self'] = original;
    const copy = detach(original).value;
    expect(copy['one']).toBe(copy['two']);
    expect(copy['one']).not.toBe(shared);
    expect(copy['self']).toBe(copy);
    expect(copy['money']).toBe(money);
    expect(1 in (copy['holes'] as unknown[])).toBe(false);
  });

  it('keeps references shared among many objects, and cycles through collections', () => {
    const shared = { id: 0 };
    const list = Array.from({ length: 200 }, (_, id) => ({ id, shared, before: undefined as unknown }));
    list.forEach((each, i) => (each.before = list[i - 1]));
    const map = new Map<unknown, unknown>([['list', list]]);
    const set = new Set<unknown>([map, shared]);
    map.set(shared, set).set('self', map);
    const copy = detach(map).value;
    const copies = copy.get('list') as typeof list;
    expect(copies).toStrictEqual(list);
    expect(new Set(copies.map((each) => each.shared)).size).toBe(1);
    expect(copies[150]!.before).toBe(copies[149]);
    expect(copy.get('self')).toBe(copy);
    expect([...(copy.get(copies[0]!.shared) as Set<unknown>)]).toEqual([copy, copies[0]!.shared]);
  });

  it('weighs what two kept instances share once', () => {
    class Holder {
      readonly memory: Buffer;
      constructor(memory: Buffer) {
        this.memory = memory;
      }
    }
    const memory = Buffer.alloc(100_000);
    expect(detach([new Holder(memory), new Holder(memory)]).bytes).toBeLessThan(101_000);
  });

  it('takes no part in what others add to the prototype of all objects', () => {
    const prototype = Object.prototype as { inherited?: string };
    prototype.inherited = 'a text that is long enough';
    try {
      expect(Object.keys(detach({ own: 1 }).value)).toEqual(['own']);
    } finally {
      delete prototype.inherited;
    }
  });

  it('takes a list 200,000 deep without running out of stack', () => {
    let list: object | null = null;
    for (let i = 0; i < 200_000; i++) list = { next: list };
    expect(detach({ list }).value).not.toBe(list);
    expect(detach({ list }).bytes).toBe(byteSizeOf({ list }));
  });

  it('keeps values apart that a getter of another one detaches', () => {
    const inner = { text: 'a text of the value inside', list: ['another text of the value inside'] };
    let detached: unknown;
    const outer = {
      before: 'a text of the value around it',
      members: {
        get value(): string {
          detached = detach(inner).value;
          return 'what the getter answered, a text too';
        },
      },
      after: ['the last text of the value around it'],
    };
    expect(detach(outer).value).toStrictEqual({
      before: 'a text of the value around it',
      members: { value: 'what the getter answered, a text too' },
      after: ['the last text of the value around it'],
    });
    expect(detached).toStrictEqual(inner);
  });

  it('takes nothing over from a value that threw on the way', () => {
    const value = { texts: ['the first text of two', 'the second text of two'] };
    const { bytes } = detach(value);
    const broken = {
      text: 'a text that goes nowhere',
      nested: {
        get value(): never {
          throw new Error('no');
        },
      },
    };
    expect(() => detach(broken)).toThrow('no');
    expect(detach(value)).toStrictEqual({ value, bytes });
  });

  it.each([3, 2000])('keeps neither the %i objects of a value nor their copies alive', async (count) => {
    const detachOne = (): WeakRef<object>[] => {
      const value = Array.from({ length: count }, (_, i) => ({ text: `the text of the object ${i}` }));
      return [value, ...value, detach(value).value].map((each) => new WeakRef(each));
    };
    const references = detachOne();
    await new Promise((resolve) => setImmediate(resolve)); // a WeakRef holds until the task ends
    collectGarbage();
    expect(references.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  });

  it.each([3, 40, 2000])('weighs and copies %i objects the same a second time', (count) => {
    const shared = { text: 'a text that all of them share' };
    const value = Array.from({ length: count }, (_, i) => ({
      i,
      shared,
      text: `the text of the object ${i}`,
    }));
    const first = detach(value);
    const second = detach(value);
    expect(second).toStrictEqual(first);
    expect(second.value[1]!.shared).toBe(second.value[2]!.shared);
    expect(second.value[1]!.shared).not.toBe(first.value[1]!.shared);
  });

  it('gives a small Buffer memory of its own, once for all who refer to it', () => {
    const small = Buffer.from('hello');
    const copy = detach([small, small]).value;
    expect(copy[0]).toStrictEqual(small);
    expect(copy[1]).toBe(copy[0]);
    expect(copy[0]!.buffer.byteLength).toBe(5);
    const view = new Uint16Array(new ArrayBuffer(1000), 10, 3);
    expect(detach(view).value.buffer.byteLength).toBe(6);
  });
});
