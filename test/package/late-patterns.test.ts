import { expect, test } from 'vitest';

/** By an address, since the scripts have no types. */
const { withLatePatterns } = (await import(
  new URL('../../scripts/late-patterns.mjs', import.meta.url).href
)) as { withLatePatterns: (code: string) => string | null };

const madeIn = (code: string): number => code.match(/new RegExp/g)?.length ?? 0;

/** What a module exports as `result` once its patterns are made late. */
async function resultOf(code: string): Promise<unknown> {
  const late = withLatePatterns(code) ?? code;
  const url = `data:text/javascript,${encodeURIComponent(late)}`;
  return ((await import(/* @vite-ignore */ url)) as { result: unknown }).result;
}

test('a pattern of a constant or of a function is made at its first use, and finds the same', async () => {
  const code = String.raw`
    const LETTERS = /\p{L}+/gu;
    const words = (text) => text.match(LETTERS);
    const isSlash = (text) => /^[/"'\p{Lu}\\]$/u.test(text);
    export const result = [words('añb 1 çd'), isSlash('/'), isSlash('\\'), isSlash('"'), isSlash('É'), isSlash('é')];`;
  expect(madeIn(withLatePatterns(code) ?? '')).toBe(2);
  expect(await resultOf(code)).toEqual([['añb', 'çd'], true, true, true, true, false]);
});

test('a function that runs while its module is loaded finds its pattern', async () => {
  const code = String.raw`
    export const result = firstOf('1ß');
    function firstOf(text) { return /\p{L}/u.exec(text)[0]; }`;
  expect(madeIn(withLatePatterns(code) ?? '')).toBe(1);
  expect(await resultOf(code)).toBe('ß');
});

test('a pattern that keeps its place is shared only where each call begins it anew', async () => {
  const code = String.raw`
    const counted = (text) => { const each = /\p{L}/gu; let n = 0; while (each.exec(text)) if (++n === 2) return n; };
    const masked = (text) => text.replace(/\p{N}/gu, '#');
    export const result = [counted('abcd'), counted('abcd'), masked('a1'), masked('2b')];`;
  expect(madeIn(withLatePatterns(code) ?? '')).toBe(1);
  expect(await resultOf(code)).toEqual([2, 2, 'a#', '#b']);
});

test('a constant stays where a use cannot be told for sure: exported, shadowed, handed on, used at once', () => {
  for (const code of [
    String.raw`export const A = /\p{L}/u; export const result = (text) => A.test(text);`,
    String.raw`const A = /\p{L}/u; export const result = (A) => A.test('x');`,
    String.raw`const A = /\p{L}/u; export const result = () => ({ A });`,
    String.raw`const A = /\p{L}/u; export const result = A.test('x');`,
    String.raw`export const result = /[a-z]+/;`,
  ])
    expect(withLatePatterns(code)).toBeNull();
});
