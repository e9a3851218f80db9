import { describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import { gate } from '../../src/decisions/gate/gate.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { plainText, shownName } from '../../src/foundation/plain-text.js';
import { exactMatch } from '../../src/scorers/exact-match.js';
import { compareRuns } from '../../src/statistics/compare-runs.js';
import { formatComparison } from '../../src/statistics/format-comparison.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

describe('plainText', () => {
  it('is one line without what a terminal, a log or a workflow command would act on', () => {
    expect(plainText('a\r\nb\u001b[31mc\u2028d\u202ee\u200ff\u{feff}g\ud800h')).toBe('a b [31mc d e f g h');
  });

  it('leaves all else as it is', () => {
    const text = 'Zürich, 北京, עברית, 😀 & <b>`code`</b>';
    expect(plainText(text)).toBe(text);
  });
});

describe('shownName', () => {
  it('shows by number what would not be seen or be obeyed, and a blank name in quotes', () => {
    expect(['a b', 'a\u001b[2J\n\ud800', ' ', '', '\u00a0', '\u200b'].map(shownName)).toEqual([
      'a b',
      'a\\u{1b}[2J\\u{a}\\u{d800}',
      '" "',
      '""',
      '"\u00a0"',
      '\\u{200b}',
    ]);
  });

  it('stands so in summaries, comparisons and verdicts, whose columns stay straight', async () => {
    const name = 'odd\u001b[2J\nname';
    const evaluator = createEvaluator<string, string>({
      name: 'odd',
      version: '1',
      dimensions: { [name]: exactMatch(), plain: exactMatch() },
    });
    const store = new MemoryResultStore();
    const processor = new BatchProcessor<string, string>({ target: async (x) => x, evaluator, store });
    const cases = [{ id: 'a', input: 'x', expected: 'x', group: 'g' }];
    for (const runId of ['\u0007a', ' ']) await processor.run(cases, { runId });
    const summary = String(await processor.run(cases, { runId: '\u001b[2Jc' }));
    expect(summary).toContain('Run \\u{1b}[2Jc\n');
    expect(summary).toContain('over 1 group\n');
    const rows = summary.split('\n').filter((line) => line.includes(' SE '));
    expect(new Set(rows.map((line) => line.indexOf(' SE '))).size).toBe(1);
    const compared = formatComparison(await compareRuns({ store, runId: '\u0007a' }, { store, runId: ' ' }));
    expect(compared).toContain('a = \\u{7}a (1 results), b = " " (1 results)');
    const metrics = compared.split('\n').slice(2, 6);
    expect(new Set(metrics.map((line) => line.lastIndexOf(' mcnemar')).filter((at) => at >= 0)).size).toBe(1);
    const verdict = await gate({ run: { store, runId: ' ' }, require: { plain: { min: 0.5 } } });
    expect(String(verdict)).toContain('run " ": 1 case');
    for (const text of [summary, compared, String(verdict)])
      expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });
});
