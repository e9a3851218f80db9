import { describe, expect, it } from 'vitest';
import { mergeParameters } from '../../src/client/merge-parameters.js';

describe('mergeParameters', () => {
  it('lays what a request says over what is shared', () => {
    expect(mergeParameters({ temperature: 0, maxTokens: 5 }, { temperature: 1 })).toEqual({
      temperature: 1,
      maxTokens: 5,
    });
  });

  it('takes an explicit undefined for "as shared"', () => {
    expect(mergeParameters({ temperature: 0 }, { temperature: undefined, seed: 1 })).toEqual({
      temperature: 0,
      seed: 1,
    });
    expect(
      mergeParameters({ extraBody: { top_k: 1, min_p: 0 } }, { extraBody: { top_k: undefined, min_p: 0.1 } }),
    ).toEqual({ extraBody: { top_k: 1, min_p: 0.1 } });
    expect(mergeParameters({ extraBody: { top_k: 1 } }, { extraBody: undefined })).toEqual({
      extraBody: { top_k: 1 },
    });
  });

  it('keeps members of any name of an extra body, and copies nothing where one side is absent', () => {
    const merged = mergeParameters(
      { extraBody: { a: 1 } },
      { extraBody: JSON.parse('{"__proto__":{"polluted":true}}') as Record<string, unknown> },
    );
    expect(Object.keys(merged!.extraBody!)).toEqual(['a', '__proto__']);
    const shared = { temperature: 0 };
    expect(mergeParameters(shared, undefined)).toBe(shared);
    expect(mergeParameters(undefined, shared)).toBe(shared);
    expect(mergeParameters(undefined, undefined)).toBeUndefined();
  });
});
