import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SaxesParser } from 'saxes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatAnnotations } from '../../src/decisions/gate/annotations.js';
import { assertGate, GateError } from '../../src/decisions/gate/assert-gate.js';
import { gate } from '../../src/decisions/gate/gate.js';
import type { GateVerdict, WorstCase } from '../../src/decisions/gate/gate-verdict.js';
import { formatJunit, writeJunit } from '../../src/decisions/gate/junit.js';
import { appendStepSummary, formatStepSummary } from '../../src/decisions/gate/step-summary.js';
import { leaderboard } from '../../src/decisions/leaderboard.js';
import { assayMatchers } from '../../src/matchers/assay-matchers.js';
import type { CaseResult } from '../../src/evaluation/evaluation-types.js';
import { awkwardTexts } from '../../src/testing/sample-results.js';
import { onesOf, runOf } from './run-of.js';

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The elements of a document, by a parser that throws for anything that XML 1.0 does not allow. */
function elementsOf(xml: string): Element[] {
  const parser = new SaxesParser();
  const elements: Element[] = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) =>
    elements.push({ name, attributes: attributes as Record<string, string> }),
  );
  parser.write(xml).close();
  return elements;
}

const AWKWARD = awkwardTexts.join(' | ');
const baseline = runOf(onesOf(80, 100), { runId: 'main' });

/** Three checks: one fails, one is undecided, one passes; names are hostile. */
const mixed = (undecided: 'warn' | 'fail' = 'warn'): Promise<GateVerdict> =>
  gate({
    run: runOf(onesOf(60, 100), { runId: `run ${AWKWARD}`, group: () => `group <&"'> ]]> ${AWKWARD}` }),
    baseline,
    undecided,
    require: {
      overall: { groups: { [`group <&"'> ]]> ${AWKWARD}`]: { noWorse: true } } },
      accuracy: { min: 0.58, max: 0.9 },
    },
  });

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assaykit-reports-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a JUnit report', () => {
  it('is read back by an XML parser, whatever names and texts hold', async () => {
    const path = join(folder, 'deep/er/junit.xml');
    await writeJunit(await mixed(), path);
    const elements = elementsOf(await readFile(path, 'utf8'));
    const [suites, suite] = elements;
    expect(suites).toMatchObject({
      name: 'testsuites',
      attributes: { tests: '3', failures: '1', errors: '0', skipped: '1' },
    });
    expect(suite?.name).toBe('testsuite');
    const cases = elements.filter(({ name }) => name === 'testcase');
    expect(cases.map(({ attributes }) => attributes['classname'])).toEqual([
      'assaykit.overall',
      'assaykit.accuracy',
      'assaykit.accuracy',
    ]);
    expect(cases[0]?.attributes['name']).toContain(`<&"'> ]]>`);
    expect(elements.filter(({ name }) => name === 'failure')).toHaveLength(1);
    expect(elements.filter(({ name }) => name === 'skipped')).toHaveLength(1);
  });

  it('shows undecided as a failure where that is asked, and what cannot be compared as an error', async () => {
    expect(
      elementsOf(formatJunit(await mixed('fail'))).filter(({ name }) => name === 'failure'),
    ).toHaveLength(2);
    const other = await gate({ run: runOf([1, 1, 0]), baseline, require: { accuracy: { noWorse: true } } });
    expect(elementsOf(formatJunit(other)).filter(({ name }) => name === 'error')).toHaveLength(1);
  });

  it('that cannot be written says so', async () => {
    await expect(writeJunit(await mixed(), folder)).rejects.toMatchObject({ code: 'ASSAY_INVALID_OPTION' });
  });
});

describe('a step summary', () => {
  const worstOf = (text: string): WorstCase => ({
    caseId: `case ${text.slice(0, 40)}`,
    repetition: 0,
    score: 0,
    baselineScore: 1,
    question: text,
    expected: text,
    answer: text,
    reason: text,
  });

  it('is appended to what is there, with the worst cases', async () => {
    const path = join(folder, 'summary.md');
    await writeFile(path, 'before\n');
    const verdict = await mixed();
    await appendStepSummary(verdict, path);
    const text = await readFile(path, 'utf8');
    expect(text.startsWith('before\n## Fail')).toBe(true);
    expect(text).toContain('| ❌ fail |');
    expect(text).toContain('answer 60');
  });

  it('keeps text of models inert: in a fence that is longer than any of its own', async () => {
    const hostile = '````\n</details><script>alert(1)</script>\n| a | b |\n# title';
    const text = formatStepSummary({ ...(await mixed()), worst: [worstOf(hostile)] });
    expect(text).toContain('`````text\n````\n</details>');
    expect(text.split('\n').find((line) => line.startsWith('####'))).not.toMatch(/[<>`]/);
    const rows = text.split('\n').filter((line) => /^\| \p{Extended_Pictographic}/u.test(line));
    for (const row of rows) expect(row.match(/\|/g)).toHaveLength(4);
  });

  it('stays under 1 MiB together with what the step wrote before', async () => {
    const path = join(folder, 'large.md');
    await writeFile(path, 'x'.repeat(700_000));
    const verdict = {
      ...(await mixed()),
      worst: Array.from({ length: 400 }, () => worstOf('é`` ```\n'.repeat(200))),
    };
    await appendStepSummary(verdict, path);
    const text = await readFile(path, 'utf8');
    expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
    expect(text).toContain('*Cut: a step summary holds at most 1 MiB.*');
    await appendStepSummary(verdict, path);
    await appendStepSummary(verdict, path);
    expect(Buffer.byteLength(await readFile(path, 'utf8'))).toBeLessThan(1024 * 1024);
  });
});

describe('annotations', () => {
  it('are a line each that nothing in a name can break out of', async () => {
    const lines = formatAnnotations(await mixed()).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^::error title=fail%3A overall of group [^:\r\n]*::/);
    expect(lines[1]).toMatch(/^::warning title=undecided%3A accuracy at least 0.58::/);
  });

  it('are at most ten, errors first, the rest counted', async () => {
    const groups = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`g${i}`, { min: 0.9 }]));
    const run = runOf(onesOf(300, 600).reverse(), { group: (i) => `g${i % 30}` });
    const lines = formatAnnotations(await gate({ run, require: { overall: { min: 0.9, groups } } })).split(
      '\n',
    );
    expect(lines).toHaveLength(10);
    expect(lines[0]).toMatch(/^::error/);
    expect(lines[9]).toMatch(/22 more/);
  });

  it('of a verdict that passes are none', async () => {
    expect(formatAnnotations(await gate({ run: baseline, require: { accuracy: { min: 0.5 } } }))).toBe('');
  });
});

describe('an assertion', () => {
  it('throws what was found unless the change may be merged', async () => {
    assertGate(await gate({ run: baseline, require: { accuracy: { min: 0.5 } } }));
    const failed = await mixed();
    expect(() => assertGate(failed)).toThrow(GateError);
    expect(() => assertGate(failed)).toThrow(/Fail: overall/);
    const open = { run: runOf(onesOf(82, 100)), require: { accuracy: { min: 0.8 } } };
    assertGate(await gate(open));
    const strict = await gate({ ...open, undecided: 'fail' });
    expect(() => assertGate(strict)).toThrow(/would decide/);
  });
});

describe('matchers', () => {
  expect.extend(assayMatchers as never);
  const matched = expect as unknown as (run: unknown) => {
    toHold(require: object, options?: object): Promise<void>;
    toBeNoWorseThan(baseline: unknown, options?: object): Promise<void>;
    readonly not: ReturnType<typeof matched>;
  };

  it('hold what is shown, and fail for what is not or is open', async () => {
    await matched(baseline).toHold({ accuracy: { min: 0.6 } });
    await expect(matched(baseline).toHold({ accuracy: { min: 0.95 } })).rejects.toThrow(
      /Fail: accuracy at least 0.95/,
    );
    await expect(matched(baseline).toHold({ accuracy: { min: 0.79 } })).rejects.toThrow(/Undecided/);
    await matched(baseline).toHold({ accuracy: { min: 0.79 } }, { undecided: 'warn' });
  });

  it('compare with a baseline', async () => {
    await matched(runOf(onesOf(79, 100))).toBeNoWorseThan(baseline);
    await matched(runOf(onesOf(79, 100))).toBeNoWorseThan(baseline, { metrics: ['accuracy'], maxDrop: 0.2 });
    await expect(matched(runOf(onesOf(50, 100))).toBeNoWorseThan(baseline)).rejects.toThrow(/Fail/);
    await expect(matched(runOf([1, 1])).toBeNoWorseThan(baseline)).rejects.toThrow(/Not comparable/);
  });

  it('negated ask for a failure that was shown: open and incomparable are none', async () => {
    await matched(baseline).not.toHold({ accuracy: { min: 0.95 } });
    await expect(matched(baseline).not.toHold({ accuracy: { min: 0.79 } })).rejects.toThrow(/Undecided/);
    await expect(matched(runOf([1, 1])).not.toBeNoWorseThan(baseline)).rejects.toThrow(/Not comparable/);
  });
});

describe('texts for people', () => {
  const HOSTILE = 'a\nb\r\u001b[31m\u2028\u202ec\u200f';
  const ACTED_ON = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
  const linesOf = (text: string): string[] => text.split('\n');

  it('of a gate and a leaderboard hold names in one line, without what a terminal acts on', async () => {
    const old = baseline.map((result) => ({
      ...result,
      evaluation: result.evaluation && { ...result.evaluation, evaluator: HOSTILE },
    })) as CaseResult[];
    const verdict = await gate({
      run: runOf(onesOf(60, 100)),
      baseline: old,
      slices: { [HOSTILE]: () => true },
      require: { accuracy: { noWorse: true, slices: { [HOSTILE]: { min: 0.9 } } } },
    });
    const board = await leaderboard({ [HOSTILE]: runOf(onesOf(60, 100)), other: baseline });
    expect(linesOf(String(board))).toHaveLength(3);
    expect(linesOf(formatAnnotations(verdict))).toHaveLength(2);
    for (const text of [String(verdict), String(board), formatAnnotations(verdict)])
      for (const line of linesOf(text)) expect(line).not.toMatch(ACTED_ON);
  });
});
