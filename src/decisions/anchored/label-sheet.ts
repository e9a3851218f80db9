import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AssayError, InputError, messageOf } from '../../errors.js';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import {
  callable,
  checkOptions,
  integer,
  object,
  oneOf,
  requireOptions,
  show,
  text,
  type OptionChecks,
} from '../../foundation/options.js';
import { isFile } from '../../foundation/file-kind.js';
import { givenAtOnce } from '../../foundation/thenable.js';
import { seededRandom, type RandomSource } from '../../foundation/seeded-random.js';
import { stableHash } from '../../foundation/stable-hash.js';
import type { QueriedResult, ResultStore } from '../../stores/result-store.js';
import type { LabelDraw } from './label-set.js';

/** Options of {@link writeLabelSheet}. */
export interface LabelSheetOptions {
  /** The run whose answers shall be labelled. */
  readonly runId: string;
  /** Answers that are drawn, >= 1. */
  readonly n: number;
  /** Seed of the draw, 0 to 4294967295: the same gives the same sheet. */
  readonly seed: number;
  /** Where the sheet goes; `.csv` for a spreadsheet, else JSON lines. */
  readonly path: string;
  /** What an answer belongs to: each stratum gets an equal share of the sheet, so that rare ones are seen. @default none */
  readonly strata?: ((result: CaseResult) => string) | undefined;
  /** `tune` marks labels that a judge will be tuned on: `anchored` refuses them. @default 'anchor' */
  readonly purpose?: 'anchor' | 'tune' | undefined;
  /** Cases that must not be drawn, such as those of a sheet that has tuned the judge. @default none */
  readonly exclude?: Iterable<string> | undefined;
}

const CHECKS: OptionChecks<LabelSheetOptions> = {
  runId: text,
  n: integer(1),
  seed: integer(0, 0xffff_ffff),
  path: text,
  strata: callable,
  purpose: oneOf('anchor', 'tune'),
  exclude: object,
};

/**
 * Draws answers of a run at random and writes them to a sheet that people fill in: question, answer, what was expected,
 * an empty `label`, and the chance with which each was drawn. What the judge said is left out: it would sway them. The
 * rows stand in random order, so the first k of them are a random sample, too.
 *
 * @returns The record of the draw, which also stands in each row.
 * @throws InputError `ASSAY_EMPTY_INPUT` for a run without answers; AssayError `ASSAY_INVALID_OPTION`, also for more
 *   answers than there are, for a file that is there already (people may have labelled in it) and for one that cannot be
 *   written.
 */
export async function writeLabelSheet(
  store: Pick<ResultStore, 'query'>,
  options: LabelSheetOptions,
): Promise<LabelDraw> {
  const checked = checkOptions('writeLabelSheet', options, CHECKS);
  requireOptions('writeLabelSheet', checked, ['runId', 'n', 'seed', 'path']);
  const { runId, n, seed, path, purpose = 'anchor', strata } = checked;
  const excluded = new Set(checked.exclude ?? []);
  const stratumOf = (result: CaseResult): string | undefined =>
    result.response === undefined || excluded.has(result.caseId) ? undefined : checkedStratum(result, strata);
  const sizes = await countStrata(store, runId, stratumOf);
  const population = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (population === 0)
    throw new InputError('ASSAY_EMPTY_INPUT', `Expected answers of run ${show(runId)} to label, found none`);
  if (n > population) {
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`n\` of writeLabelSheet to be at most the ${population} answers of the run, got ${n}`,
    );
  }
  const random = seededRandom(seed);
  const strataToDraw = [...allocate(sizes, n)].map(
    ([stratum, wanted]) => [stratum, new StratumDraw(sizes.get(stratum) as number, wanted)] as const,
  );
  const drawn = await drawAnswers(store, runId, { stratumOf, strata: new Map(strataToDraw), random });
  shuffle(drawn, random);
  const sheet = stableHash({ runId, n, seed, population, purpose }).slice(0, 16);
  const draw: LabelDraw = { sheet, runId, purpose, n, population, seed };
  await writeRows(
    path,
    drawn.map((answer) => rowOf(draw, answer, strata !== undefined)),
  );
  return draw;
}

type StratumOf = (result: CaseResult) => string | undefined;

async function countStrata(
  store: Pick<ResultStore, 'query'>,
  runId: string,
  stratumOf: StratumOf,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for await (const result of store.query({ runId })) {
    const stratum = stratumOf(result);
    if (stratum !== undefined) sizes.set(stratum, (sizes.get(stratum) ?? 0) + 1);
  }
  return sizes;
}

/** Knuth's selection sampling of one stratum: each subset of the wanted size is as likely as any other. */
class StratumDraw {
  readonly probability: number;
  #left: number;
  #wanted: number;

  constructor(size: number, wanted: number) {
    this.probability = wanted / size;
    this.#left = size;
    this.#wanted = wanted;
  }

  takesNext(random: RandomSource): boolean {
    const takes = random() * this.#left < this.#wanted;
    if (takes) this.#wanted--;
    this.#left--;
    return takes;
  }
}

interface DrawnAnswer {
  readonly result: QueriedResult;
  readonly stratum: string;
  readonly probability: number;
}

interface Drawing {
  readonly stratumOf: StratumOf;
  readonly strata: ReadonlyMap<string, StratumDraw>;
  readonly random: RandomSource;
}

async function drawAnswers(
  store: Pick<ResultStore, 'query'>,
  runId: string,
  { stratumOf, strata, random }: Drawing,
): Promise<DrawnAnswer[]> {
  const drawn: DrawnAnswer[] = [];
  for await (const result of store.query({ runId, withCase: true })) {
    const stratum = stratumOf(result);
    const open = stratum === undefined ? undefined : strata.get(stratum);
    if (stratum === undefined || open === undefined || !open.takesNext(random)) continue;
    drawn.push({ result, stratum, probability: open.probability });
  }
  return drawn;
}

type Row = Readonly<Record<string, unknown>>;

function rowOf(draw: LabelDraw, { result, stratum, probability }: DrawnAnswer, withStratum: boolean): Row {
  return {
    ...draw,
    caseId: result.caseId,
    repetition: result.repetition,
    probability,
    ...(withStratum ? { stratum } : {}),
    question: plain(result.testCase?.input),
    answer: result.response?.text ?? null,
    expected: plain(result.testCase?.expected),
    label: null,
  };
}

async function writeRows(path: string, rows: readonly Row[]): Promise<void> {
  const sheet = path.toLowerCase().endsWith('.csv')
    ? toCsv(rows)
    : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, sheet, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await isFile(path)))
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected \`path\` of writeLabelSheet to be a new file, got ${show(path)}, which may hold labels already; remove it to draw again`,
      );
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      `Expected \`path\` of writeLabelSheet to be a file that can be written, got ${show(path)}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function checkedStratum(result: CaseResult, strata: LabelSheetOptions['strata']): string {
  const stratum: unknown =
    strata === undefined ? '' : givenAtOnce('`strata` of writeLabelSheet', strata(result));
  if (typeof stratum === 'string') return stratum;
  throw new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected \`strata\` of writeLabelSheet to say a text for each result, got ${show(stratum)}`,
  );
}

/** Equal shares, but none larger than its stratum; what is left over goes to the others. */
function allocate(sizes: ReadonlyMap<string, number>, n: number): Map<string, number> {
  const shares = new Map<string, number>();
  const bySize = [...sizes].sort(([a, m], [b, k]) => m - k || (a < b ? -1 : 1));
  let left = n;
  bySize.forEach(([stratum, size], i) => {
    const share = Math.min(size, Math.floor(left / (bySize.length - i)));
    shares.set(stratum, share);
    left -= share;
  });
  return shares;
}

function shuffle(values: unknown[], random: RandomSource): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j], values[i]];
  }
}

function plain(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function toCsv(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => cell(column, row[column])))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

/** Text that a spreadsheet would take for a formula gets an apostrophe: answers come from models. */
function cell(column: string, value: unknown): string {
  if (value === null || value === undefined) return '';
  const raw = String(value);
  const inert =
    ['question', 'answer', 'expected', 'stratum'].includes(column) && /^[=+\-@\t\r]/.test(raw)
      ? `'${raw}`
      : raw;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
