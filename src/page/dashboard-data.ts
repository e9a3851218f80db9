import type { ReportData } from './report-data.js';
import type { CaseTableHead } from './case-data.js';

/** What a dashboard has to show. */
export interface DashboardParts {
  /** Whether runs of this process are followed. */
  readonly live: boolean;
  /** Whether there is a store to look into. */
  readonly store: boolean;
}

/** A mean score with its interval, over the longest complete prefix of what was submitted. */
export interface LivePrefixScore {
  /** Scored results that it is the mean of. */
  readonly n: number;
  /** Results of the prefix, with a score or not. */
  readonly results: number;
  /** 0..1. */
  readonly mean: number;
  /** Ends of the interval; `null` when there is none yet. */
  readonly low: number | null;
  readonly high: number | null;
}

/** A run that is followed. */
export interface LiveRun {
  readonly runId: string;
  /** `running`, `ended`, or why it ended early. */
  readonly state: string;
  /** Results so far, earlier starts included. */
  readonly done: number;
  /** `null` when the source does not say how many it has. */
  readonly total: number | null;
  /** Results of this start whose target or evaluator failed; `null` when nobody told. */
  readonly errored: number | null;
  readonly ratePerSecond: number;
  readonly etaMs: number | null;
  /** Money so far; `null` while no result has a cost. */
  readonly cost: number | null;
  readonly score: LivePrefixScore | null;
}

/** An endpoint that requests go to. */
export interface LiveEndpoint {
  readonly name: string;
  readonly state: 'in-use' | 'ejected';
  readonly requests: number;
  readonly failed: number;
  readonly rateLimited: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** An alert as it was told last. */
export interface LiveAlert {
  readonly rule: string;
  readonly severity: string;
  readonly status: 'pending' | 'firing' | 'resolved';
  readonly message: string;
  readonly startedAt: number;
  readonly at: number;
}

/** A decision between two targets, at its latest look. */
export interface LiveDecision {
  readonly runId: string;
  readonly look: number;
  readonly cases: number;
  readonly pairs: number;
  readonly meanA: number | null;
  readonly meanB: number | null;
  /** Interval of a - b that holds at all looks together. */
  readonly low: number | null;
  readonly high: number | null;
  /** Share of the planned information, 0..1. */
  readonly fraction: number | null;
  readonly outcome: 'a' | 'b' | 'equivalent' | 'undecided';
  /** Whether it has come to its end. */
  readonly ended: boolean;
}

/** Figures of one interval of the monitor, for the charts. */
export interface LivePoint {
  /** Wall-clock time, milliseconds since the epoch. */
  readonly at: number;
  /** Finished cases a second. */
  readonly perSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** Everything that is shown of runs that are going on. */
export interface LiveState {
  readonly at: number;
  readonly runs: readonly LiveRun[];
  readonly endpoints: readonly LiveEndpoint[];
  /** Errored cases by code, the most frequent first. */
  readonly errors: readonly (readonly [code: string, count: number])[];
  /** Failed requests by code, those included that a retry made good. */
  readonly requestErrors: readonly (readonly [code: string, count: number])[];
  readonly alerts: readonly LiveAlert[];
  readonly decisions: readonly LiveDecision[];
  /** Requests being answered; `null` when nobody knows. */
  readonly inFlight: number | null;
  /** CPU of the process in percent of one core. */
  readonly cpuPercent: number | null;
  /** Resident memory of the process, bytes. */
  readonly rssBytes: number | null;
}

/** What the server sends at each update. */
export interface LiveUpdate {
  readonly state: LiveState;
  /** The first update has what the monitor remembers, later ones what is new. */
  readonly points: readonly LivePoint[];
}

/** A run in the list of a store. */
export interface StoredRun {
  readonly runId: string;
  /** `running`, `ended`, `drained`, `crashed`, or why it ended early. */
  readonly state: string;
  readonly startedAt: number;
  readonly durationMs: number | null;
  readonly results: number;
  readonly errored: number;
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly cost: number | null;
  readonly evaluator: string;
  readonly models: readonly string[];
  readonly tags: readonly string[];
  readonly description: string;
}

/** The newest runs of a store that were asked for. */
export interface StoredRuns {
  readonly runs: readonly StoredRun[];
  /** Whether older ones were left out. */
  readonly more: boolean;
}

/** A run of the store, alone or against a baseline, without its cases. */
export interface StoredReport {
  readonly report: ReportData;
  readonly head: CaseTableHead;
}

/** What is sent instead of an answer. */
export interface DashboardFailure {
  readonly error: string;
}
