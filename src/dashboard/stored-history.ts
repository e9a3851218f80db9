import { LRUCache } from 'lru-cache';
import { AssayError } from '../errors.js';
import { textOfAddress } from '../page/address-text.js';
import type { CaseDetail, CasePage, CaseQuery } from '../page/case-data.js';
import type { StoredReport, StoredRuns } from '../page/dashboard-data.js';
import type { ReportStore } from '../report/read-runs.js';
import { detailOfStore, pageOfStore } from './case-pages.js';
import { storedRuns } from './stored-runs.js';
import { pageOfRows, readStoredReport, type HeldReport } from './stored-report.js';

const MOST_REPORTS = 8;
const MOST_RUNS = 100;
const MOST_RUNS_AT_ONCE = 1000;
const MOST_ROWS = 200;
const MOST_OFFSET = 1_000_000;

/** What the query of an address asks for, by name. */
export interface Asked {
  /** `null`: not given. */
  get(name: string): string | null;
  has(name: string): boolean;
}

/** Reads the texts of a query, those too that an address cannot hold as they are. */
export function askedOf(query: URLSearchParams): Asked {
  const get = (name: string): string | null => {
    const value = query.get(name);
    try {
      return value === null ? null : textOfAddress(value);
    } catch {
      throw new AssayError('ASSAY_INVALID_INPUT', `Expected \`${name}\` in the address to be a text or JSON`);
    }
  };
  return { get, has: (name) => query.has(name) };
}

/** A question about the store: the query of its address, and what ends the answer. */
export interface HistoryQuestion {
  readonly asked: Asked;
  readonly signal: AbortSignal;
}

/** What a store tells of its runs. Reports that were read are held as long as their runs have not changed. */
export class StoredHistory {
  readonly #store: ReportStore;
  readonly #reports = new LRUCache<string, HeldReport>({ max: MOST_REPORTS });

  constructor(store: ReportStore) {
    this.#store = store;
  }

  /** The newest runs, at most `limit`. */
  async runs({ asked, signal }: HistoryQuestion): Promise<StoredRuns> {
    const limit = numberOf(asked, 'limit', { fallback: MOST_RUNS, most: MOST_RUNS_AT_ONCE });
    return storedRuns(this.#store, { limit, signal });
  }

  /** A run, alone or against a baseline. */
  async report(question: HistoryQuestion): Promise<StoredReport> {
    return (await this.#report(question)).stored;
  }

  /** Rows of the case table. Without a baseline they hold one score of a dimension: the one that is asked for. */
  async cases(question: HistoryQuestion): Promise<CasePage> {
    const { asked, signal } = question;
    const dimension = asked.get('score');
    if (asked.has('baseline')) {
      const { rows = [], stored } = await this.#report(question);
      const at = dimension === null ? -1 : stored.head.dimensions.indexOf(dimension);
      return pageOfRows(rows, { ...caseQueryOf(asked), dimension: at });
    }
    const query = { ...caseQueryOf(asked), dimension: dimension === null ? -1 : 0 };
    const dimensions = dimension === null ? [] : [dimension];
    return pageOfStore(this.#store, { runId: required(asked, 'run'), dimensions, query, signal });
  }

  /** Everything that is shown of a case. */
  async case({ asked, signal }: HistoryQuestion): Promise<CaseDetail> {
    const startedAt = asked.has('started') ? Number(asked.get('started')) : undefined;
    const detail = await detailOfStore(this.#store, {
      runId: required(asked, 'run'),
      baselineRunId: asked.get('baseline') ?? undefined,
      caseId: required(asked, 'case'),
      repetition: numberOf(asked, 'repetition', { fallback: 0, most: Number.MAX_SAFE_INTEGER }),
      startedAt,
      signal,
    });
    if (detail === undefined)
      throw new AssayError('ASSAY_EMPTY_INPUT', 'The store has no result of this case');
    return detail;
  }

  async #report({ asked, signal }: HistoryQuestion): Promise<HeldReport> {
    const runId = required(asked, 'run');
    const baselineRunId = asked.get('baseline') ?? undefined;
    const key = JSON.stringify([
      runId,
      await this.#stateOf(runId),
      baselineRunId,
      baselineRunId === undefined ? '' : await this.#stateOf(baselineRunId),
    ]);
    const held = this.#reports.get(key);
    if (held !== undefined) return held;
    const read = await readStoredReport(this.#store, { runId, baselineRunId, signal });
    this.#reports.set(key, read);
    return read;
  }

  /** What changes when results of a run are added. */
  async #stateOf(runId: string): Promise<unknown> {
    for await (const { state, results, end } of this.#store.runs({ runId }))
      return [state, results, end?.at ?? null];
    return null;
  }
}

function required(asked: Asked, name: string): string {
  const value = asked.get(name);
  if (value === null) throw new AssayError('ASSAY_INVALID_INPUT', `Expected \`${name}\` in the address`);
  return value;
}

function numberOf(
  asked: Asked,
  name: string,
  { fallback, most }: { readonly fallback: number; readonly most: number },
): number {
  const value = asked.get(name);
  if (value === null) return fallback;
  if (/^\d{1,16}$/.test(value) && Number(value) <= most) return Number(value);
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected \`${name}\` in the address to be a whole number up to ${most}`,
  );
}

const OUTCOMES = ['', 'passed', 'failed', 'unscored', 'errored'] as const;
const SORTS = ['first', 'lowest', 'highest', 'slowest', 'fell', 'rose'] as const;
const CHANGES = ['', 'changed', 'to-fail', 'to-pass', 'lower', 'higher', 'lost', 'gained', 'same'] as const;

function caseQueryOf(asked: Asked): Omit<CaseQuery, 'dimension'> {
  const atMost = asked.get('at-most');
  const maxScore = atMost === null ? null : Number(atMost);
  if (Number.isNaN(maxScore))
    throw new AssayError('ASSAY_INVALID_INPUT', 'Expected `at-most` in the address to be a number');
  return {
    search: asked.get('search') ?? '',
    outcome: choiceOf(asked, 'outcome', OUTCOMES),
    group: asked.get('group'),
    maxScore,
    change: choiceOf(asked, 'change', CHANGES),
    sort: choiceOf(asked, 'sort', SORTS),
    offset: numberOf(asked, 'offset', { fallback: 0, most: MOST_OFFSET }),
    limit: numberOf(asked, 'limit', { fallback: 50, most: MOST_ROWS }),
  };
}

function choiceOf<Value extends string>(
  asked: Asked,
  name: string,
  values: readonly [Value, ...Value[]],
): Value {
  const given = asked.get(name);
  if (given === null) return values[0];
  const found = values.find((value) => value === given);
  if (found !== undefined) return found;
  throw new AssayError(
    'ASSAY_INVALID_INPUT',
    `Expected \`${name}\` in the address to be one of ${values.filter((value) => value !== '').join(', ')}`,
  );
}
