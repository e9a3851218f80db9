import { describe, expect, it } from 'vitest';
import { caseDetail } from '../../src/cli/case-detail.js';
import { caseLines } from '../../src/cli/case-lines.js';
import type { QueriedResult } from '../../src/stores/result-store.js';
import { scoredResult } from '../../src/testing/sample-results.js';

const plain = { columns: Infinity, paint: (text: string) => text };
const base = scoredResult();
const full = {
  ...base,
  caseId: 'chat',
  repetition: 2,
  response: {
    ...base.response,
    text: 'line one\nline two\u001b[2J',
    reasoning: 'let me think\u202e',
    toolCalls: [{ id: 't', name: 'search\u0007', arguments: { query: 'x' }, argumentsText: '{"query":"x"}' }],
  },
  testCase: {
    input: {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Why?' },
      ],
    },
    expected: { city: 'Paris' },
    metadata: { source: 'unit' },
  },
} as unknown as QueriedResult;

describe('all of a case', () => {
  it('shows an id that is blank in quotes', () => {
    const blank = { ...full, caseId: ' ' };
    expect(caseDetail(blank, plain)).toContain('" ", repetition 2 of ');
    expect(caseLines(blank, plain)).toContain('" ", repetition 2');
  });

  it('shows messages, tool calls, expected, answer and reasoning, with their line breaks', () => {
    const text = caseDetail(full, plain);
    for (const part of [
      'chat, repetition 2 of ',
      'asked, system\n  Be brief.',
      'asked, user\n  Why?',
      'expected\n  {\n    "city": "Paris"\n  }',
      'reasoning\n  let me think\\u{202e}',
      'answered\n  line one\n  line two\\u{1b}[2J',
      'tool call search\\u{7}\n  {\n    "query": "x"\n  }',
      'metadata\n  {\n    "source": "unit"\n  }',
    ])
      expect(text).toContain(part);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  it('says when the case was not kept', () => {
    expect(caseDetail(base, plain)).toContain('the case was not kept');
  });

  it('fits a narrow terminal in short', () => {
    const lines = caseLines(full, { ...plain, columns: 24 }).split('\n');
    expect(lines).toContain('  asked     Why?');
    expect(lines).toContain('  expected  {"city":"Pa…');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(24);
  });
});
