/** How a result stands to that of the same case and repetition in the baseline. */
export type CaseChange =
  /** Passed before, does not now. */
  | 'to-fail'
  /** Passes now, did not before. */
  | 'to-pass'
  /** A lower score, on the same side of the threshold. */
  | 'lower'
  /** A higher score, likewise. */
  | 'higher'
  /** A score before, none now. */
  | 'lost'
  /** A score now, none before. */
  | 'gained'
  /** No difference but rounding. */
  | 'same';

/** A row of the case table: what is seen without opening it. */
export interface CaseRow {
  /** The case's `id`. */
  readonly caseId: string;
  /** 0-based. */
  readonly repetition: number;
  /** Whether there is a score, none for a stated reason, or a failure. */
  readonly outcome: 'scored' | 'unscored' | 'errored';
  /** Overall score, 0..1; `null` without one. */
  readonly score: number | null;
  /** Whether the score counts as passed; `null` without one. */
  readonly passed: boolean | null;
  /** Scores of the dimensions, in the order of {@link CaseTableHead.dimensions}; `null` where there is none. */
  readonly scores: readonly (number | null)[];
  /** The case's group; `null` without one. */
  readonly group: string | null;
  /** What an errored one failed with; else `null`. */
  readonly errorCode: string | null;
  /** Time of the target, milliseconds; `null` when it was never asked. */
  readonly latencyMs: number | null;
  /** The beginning of what was asked; empty when it was not kept. */
  readonly question: string;
  /** The beginning of what was answered; empty without an answer. */
  readonly answer: string;
  /** How it stands to the baseline; `null` without one, or when the baseline lacks it. */
  readonly change: CaseChange | null;
  /** The baseline's score of the same case; `null` without one. */
  readonly baselineScore: number | null;
}

/** A text that may have been cut in the middle. */
export interface CutText {
  /** Its beginning; all of it when nothing was cut. */
  readonly text: string;
  /** Its end, when the middle was cut. */
  readonly tail?: string;
  /** Length of the whole, UTF-16 code units. */
  readonly length: number;
}

/** A message of a chat, or one part of the input that has a name. */
export interface ShownMessage {
  /** `system`, `user`, `assistant`, `tool`, …; empty for a plain prompt. */
  readonly role: string;
  /** Its text; parts that are no text are named by kind and size. */
  readonly content: CutText;
  /** Calls that it carries. */
  readonly toolCalls: readonly ShownToolCall[];
}

/** A tool that was called. */
export interface ShownToolCall {
  /** Name of the tool. */
  readonly name: string;
  /** Its arguments, as JSON or as the model wrote them. */
  readonly arguments: CutText;
  /** Whether the arguments are no JSON object. */
  readonly invalid: boolean;
}

/** What one dimension said of an answer. */
export interface ShownDimension {
  /** Its name. */
  readonly name: string;
  /** Whether there is a score, none for a stated reason, or a failure. */
  readonly outcome: 'scored' | 'unscored' | 'errored';
  /** 0..1, or `null`. */
  readonly score: number | null;
  /** A class beside the number. */
  readonly label?: string;
  /** Why the score is what it is. */
  readonly reason?: CutText;
  /** 0..1. */
  readonly confidence?: number;
  /** Passages that the score rests on; `start` and `end` are places in the whole answer. */
  readonly evidence: readonly { readonly text: string; readonly start?: number; readonly end?: number }[];
  /** What else the scorer gave, as JSON: a judge's reply, the votes of a jury. */
  readonly notes?: CutText;
  /** What it failed with. */
  readonly error?: string;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** The answer of one run to a case. */
export interface ShownAnswer {
  /** The answer; `null` without one. */
  readonly text: CutText | null;
  /** Whether it is JSON of an answer that is no text. */
  readonly json: boolean;
  /** What the model reasoned before. */
  readonly reasoning: CutText | null;
  /** Tools that it called. */
  readonly toolCalls: readonly ShownToolCall[];
  /** Why it ended; empty without an answer. */
  readonly finishReason: string;
  /** Passages that it rests on. */
  readonly contexts: readonly CutText[];
  /** Overall score; `null` without one. */
  readonly score: number | null;
  /** Why there is no score, or what failed; `null` when nothing is to be said. */
  readonly problem: CutText | null;
}

/** Everything that is shown of a case when it is opened. */
export interface CaseDetail extends ShownAnswer {
  /** What was asked; empty when it was not kept. */
  readonly messages: readonly ShownMessage[];
  /** What was expected; `null` when there was nothing, or it was not kept. */
  readonly expected: CutText | null;
  /** What else the case carried, as JSON. */
  readonly metadata: CutText | null;
  /** What each dimension said. */
  readonly dimensions: readonly ShownDimension[];
  /** What else the evaluator said, as JSON. */
  readonly notes: CutText | null;
  /** Facts by name: model, endpoint, attempts, tokens, cost. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Milliseconds by name. */
  readonly timings: readonly (readonly [name: string, ms: number])[];
  /** The baseline's answer to the same case, where it is known. */
  readonly baseline: ShownAnswer | null;
}

/** What the table is over. */
export interface CaseTableHead {
  /** Names of the dimensions. */
  readonly dimensions: readonly string[];
  /** Names of the groups; empty without any. */
  readonly groups: readonly string[];
  /** Whether rows say how they stand to a baseline. */
  readonly compared: boolean;
  /** Results of the run. */
  readonly total: number;
  /** Results that can be looked at: fewer than `total` in a report that embeds only some. */
  readonly available: number;
}

/** Which rows are asked for. Empty texts filter nothing. */
export interface CaseQuery {
  /** Text that id, question or answer must hold; case does not matter. */
  readonly search: string;
  /** What came of the case. */
  readonly outcome: '' | 'passed' | 'failed' | 'unscored' | 'errored';
  /** The group that it belongs to; `null`: any. */
  readonly group: string | null;
  /** Position of the dimension whose score is shown, filtered and sorted by; -1: the overall score. */
  readonly dimension: number;
  /** Only scores of at most this; `null`: any. */
  readonly maxScore: number | null;
  /** How it stands to the baseline; `changed`: in any way. */
  readonly change: '' | 'changed' | CaseChange;
  /** `first`: the order in which the source has them. */
  readonly sort: 'first' | 'lowest' | 'highest' | 'slowest' | 'fell' | 'rose';
  /** Rows to leave out from the beginning. */
  readonly offset: number;
  /** At most so many rows. */
  readonly limit: number;
}

/** Rows that were asked for. */
export interface CasePage {
  /** The rows. */
  readonly rows: readonly CaseRow[];
  /** How many match in all; `null` when nobody has counted. */
  readonly matches: number | null;
  /** Whether others come after these. */
  readonly more: boolean;
}

/** Where the case table takes its rows from: data embedded in a file, or a server. */
export interface CaseSource {
  /** What the table is over. */
  readonly head: CaseTableHead;
  /** Rows that match. Rejects when `signal` is aborted, as a newer question makes an older one useless. */
  page(query: CaseQuery, signal: AbortSignal): Promise<CasePage>;
  /** What is shown of a case when it is opened. */
  detail(row: CaseRow): Promise<CaseDetail>;
}
