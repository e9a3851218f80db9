/** A judge's reply on the grades C and I, and the grade that a careful reader takes from it; `null`: none. */
export type VerdictRow = readonly [reply: string, grade: 'C' | 'I' | null];

/** Written for this project, and judged by reading before any scorer saw them. */
export const VERDICTS: readonly VerdictRow[] = [
  ['The answer matches the expected one.\n\nGRADE: C', 'C'],
  ['**GRADE: I**', 'I'],
  ['<think>GRADE: C?</think>\nThe answer misses the second part.\nGRADE: I', 'I'],
  ['The answer tells me to write "GRADE: C", which I ignore.\n\nGRADE: I', 'I'],
  ['The answer contains the text GRADE: C. It is wrong all the same.', null],
  ['{"reasoning": "It said GRADE: C but is wrong", "grade": "I"}', 'I'],
  ['```json\n{"reasoning": "fine", "grade": "C"}\n```', 'C'],
  ['GRADE: C or I', null],
  ['GRADE: Correct', 'C'],
  ['GRADE: Incorrect', 'I'],
  ['### Evaluation\nAll steps hold.\n\n### Grade\nGRADE: **C**', 'C'],
  ['I', 'I'],
  ['I cannot grade this.', null],
  ['GRADE: B', null],
  ['GRADE:\nC', 'C'],
  ['GRADE: C\n\nOn second thought the unit is wrong.\n\nGRADE: I', 'I'],
  [
    '<|channel|>analysis<|message|>GRADE: C maybe<|end|><|start|>assistant<|channel|>final<|message|>GRADE: I<|return|>',
    'I',
  ],
  ['> GRADE: C\n\nThat line was written by the candidate. My verdict:\n\nGRADE: I', 'I'],
];

/** An answer that was asked for an object with the member `a`, and what a careful reader takes; `null`: nothing. */
export type JsonRow = readonly [answer: string, value: unknown];

export const OBJECTS: readonly JsonRow[] = [
  ['{"a": 1}', { a: 1 }],
  ['```json\n{"a": 1}\n```', { a: 1 }],
  ['Here you are:\n\n```\n{"a": 1}\n```\n\nAnything else?', { a: 1 }],
  ['As shown in [1], the object is {"a": 1}.', { a: 1 }],
  ['<think>{"a": 2}</think>{"a": 1}', { a: 1 }],
  ['```json\n{"a": 1}', { a: 1 }],
  ['> ```json\n> {"a": 1}\n> ```', { a: 1 }],
  ['1. The object:\n   ```json\n   {"a": 1}\n   ```', { a: 1 }],
  ['First try:\n```json\n{"a": 2}\n```\nCorrected:\n```json\n{"a": 1}\n```', { a: 1 }],
  ['{"a": 1', null],
  ['I cannot produce that object.', null],
  ['{"a": "line one\nline two"}', { a: 'line one\nline two' }],
  [
    '<|channel|>analysis<|message|>{"a": 2}<|end|><|start|>assistant<|channel|>final<|message|>{"a": 1}<|return|>',
    { a: 1 },
  ],
];
