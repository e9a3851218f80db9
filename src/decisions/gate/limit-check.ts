import { blankCheck, type TestedCheck } from './gate-check.js';
import type { ResolvedGateOptions } from './gate-options.js';
import type { GateCheckKind } from './gate-verdict.js';

/** What a run has cost and taken. */
export interface RunFigures {
  readonly results: number;
  readonly errored: number;
  /** `null` without a price. */
  readonly cost: number | null;
  /** `null` without an answer that was waited for. */
  readonly latencyP95Ms: number | null;
  /** Answers that were waited for. */
  readonly answers: number;
}

/** Compares what was observed with the limits that were given: no chance is involved. */
export function checkLimits(options: ResolvedGateOptions, figures: RunFigures): TestedCheck[] {
  const { maxErrorRate, maxCost, maxLatencyP95Ms } = options;
  const { results, errored, cost, latencyP95Ms, answers } = figures;
  const unanswered = errored === results;
  return [
    ...limit('maxErrorRate', 'error rate', {
      asked: maxErrorRate,
      value: errored / Math.max(1, results),
      n: results,
    }),
    ...limit('maxCost', 'cost', { asked: maxCost, value: cost, n: results, unanswered }),
    ...limit('maxLatencyP95Ms', 'latency p95', {
      asked: maxLatencyP95Ms,
      value: latencyP95Ms,
      n: answers,
      unanswered,
    }),
  ];
}

function limit(
  kind: GateCheckKind,
  metric: string,
  {
    asked,
    value,
    n,
    unanswered = false,
  }: {
    readonly asked: number | undefined;
    readonly value: number | null;
    readonly n: number;
    /** Whether every result errored: what that costs and takes says nothing of a run that works. */
    readonly unanswered?: boolean;
  },
): TestedCheck[] {
  if (asked === undefined) return [];
  const blank = blankCheck({ metric, group: null, slice: null, better: 'lower', kind: 'max', asked });
  const found = { ...blank, kind, value, n, method: 'observed' };
  if (unanswered)
    return [{ ...found, verdict: { outcome: 'not-comparable', reason: 'every result errored' } }];
  if (value === null) {
    const reason = kind === 'maxCost' ? 'no answer has a known price' : 'no answer was waited for';
    return [{ ...found, verdict: { outcome: 'undecided', reason } }];
  }
  return [{ ...found, met: value <= asked }];
}
