import type {
  CaseResultBase,
  Evaluation,
  ErroredCaseResult,
  ScoredCaseResult,
  StoredResponse,
  UnscoredCaseResult,
} from '../evaluation/evaluation-types.js';

/** What a sample result may differ in. */
export interface SampleResultOptions {
  /** @default 'run' */
  readonly runId?: string;
  /** @default 'case' */
  readonly caseId?: string;
  /** @default 0 */
  readonly repetition?: number;
  /** @default 'small' */
  readonly model?: string | null;
  /** @default 'http://127.0.0.1:1/v1' */
  readonly endpoint?: string | null;
  /** @default 1_700_000_000_000 */
  readonly startedAt?: number;
  /** Overall score, 0..1. @default 0.75 */
  readonly score?: number;
  /** Text of the answer. */
  readonly text?: string;
  readonly metadata?: object;
  readonly cluster?: string;
  readonly group?: string;
  readonly caseHash?: string;
  readonly usage?: CaseResultBase['usage'];
  readonly cost?: number | null;
  readonly cached?: boolean;
}

/** A scored result with two dimensions. */
export function scoredResult(options: SampleResultOptions = {}): ScoredCaseResult {
  const score = options.score ?? 0.75;
  const evaluation: Evaluation & { overallScore: number } = {
    evaluator: 'sample',
    version: '1',
    overallScore: score,
    passed: score >= 0.5,
    dimensions: [
      {
        name: 'accuracy',
        outcome: 'scored',
        score,
        confidence: 0.9,
        evidence: ['“first”', 'second'],
        durationMs: 0.25,
      },
      { name: 'style', outcome: 'unscored', score: null, reason: 'no style given', durationMs: 0 },
    ],
    culturalContext: { traditions: ['oral'], linguisticVarieties: [] },
  };
  return { ...base(options), outcome: 'scored', evaluation, response: responseOf(options) };
}

/** A result that the evaluator could not score. */
export function unscoredResult(options: SampleResultOptions = {}): UnscoredCaseResult {
  return {
    ...base({ caseId: 'unscored', ...options }),
    outcome: 'unscored',
    reason: 'nothing expected',
    evaluation: {
      evaluator: 'sample',
      version: '1',
      overallScore: null,
      reason: 'nothing expected',
      dimensions: [],
      metadata: { note: null },
    },
    response: {
      ...responseOf(options),
      toolCalls: [{ id: 'call_0', name: 'lookup', arguments: { q: 1 }, argumentsText: '{"q":1}' }],
    },
  };
}

/** A result whose target failed, or (`withResponse`) whose evaluator did. */
export function erroredResult(
  options: SampleResultOptions & { readonly withResponse?: boolean } = {},
): ErroredCaseResult {
  return {
    ...base({ caseId: 'errored', ...options }),
    outcome: 'errored',
    error: { code: 'ASSAY_SERVER', message: 'status 500: "broken"', retryable: true, status: 500 },
    ...(options.withResponse === true ? { response: responseOf(options) } : {}),
  };
}

function base(options: SampleResultOptions): CaseResultBase {
  const { cluster, group, metadata, caseHash } = options;
  return {
    runId: options.runId ?? 'run',
    caseId: options.caseId ?? 'case',
    repetition: options.repetition ?? 0,
    ...(cluster === undefined ? {} : { cluster }),
    ...(group === undefined ? {} : { group }),
    model: options.model === undefined ? 'small' : options.model,
    endpoint: options.endpoint === undefined ? 'http://127.0.0.1:1/v1' : options.endpoint,
    attempts: 1,
    usage: options.usage === undefined ? { inputTokens: 12, outputTokens: 34 } : options.usage,
    cost: options.cost === undefined ? 0.001 : options.cost,
    cached: options.cached ?? false,
    timings: { queuedMs: 0.5, targetMs: 123.456, timeToFirstTokenMs: null, evaluationMs: 1.5 },
    startedAt: options.startedAt ?? 1_700_000_000_000,
    ...(metadata === undefined ? {} : { metadata: metadata as Record<string, unknown> }),
    ...(caseHash === undefined ? {} : { caseHash }),
  };
}

const responseOf = (options: SampleResultOptions): StoredResponse => ({
  text: options.text ?? 'The answer is 42.',
  finishReason: 'stop',
  requestId: 'req-1',
});

/** Texts that some store or other damages. */
export const awkwardTexts: readonly string[] = [
  '',
  'NUL \0 in the middle',
  '\0',
  'lone high \ud83d surrogate',
  'lone low \ude00 surrogate',
  'cut mid-emoji \ud83d',
  '\ude00\ud83d',
  'emoji 😀 and 👩‍👩‍👧‍👦',
  'bidi \u202eevil\u202c \u2066x\u2069',
  'line\nbreak\r\n and \u2028 and \u2029',
  'substitute \u001a0 \u001as \u001ad83d',
  'quotes " \' ` \\ and \\u0000',
  '\ufeffbyte order mark \uffff',
  'combining e\u0301 is not é',
  '中文 العربية हिन्दी',
  '\u{10ffff}\u{10fffd}',
  'delete \x7f escape \x1b[31m',
];

/** Ids that some file system, database or log damages. */
export const awkwardIds: readonly string[] = [
  '../../evil',
  '/etc/passwd',
  'C:\\windows\\system32',
  'CON',
  '.',
  '..',
  'a/b/c',
  'x'.repeat(300),
  `${'x'.repeat(299)}y`,
  '😀'.repeat(150),
  'UPPER',
  'upper',
  'é',
  'e\u0301',
  'nul\0one',
  'nul\0two',
  'half \ud83d',
  'half \ud83e',
  'half \ufffd',
  ' leading and trailing ',
  '__proto__',
  'constructor',
  "'; DROP TABLE evaluation_results; --",
  '%',
  '_',
  'tab\tnew\nline',
];
