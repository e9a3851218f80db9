import type { ProgressEvent } from '../../batch/batch-events.js';
import { terminalSafe } from '../../foundation/plain-text.js';
import { columnsOf, fitColumns } from './terminal-text.js';

/** How a progress line is drawn. */
export interface ProgressLineOptions {
  /** Most columns that the line may take. */
  readonly columns: number;
  /** Whether to use ANSI colours. */
  readonly color: boolean;
  /** Whether to draw a bar when the total is known. */
  readonly bar: boolean;
  /** Shown first; the run's id when left out. */
  readonly label?: string | undefined;
  /** Time since the run began, milliseconds; shown while the time left is unknown. */
  readonly elapsedMs?: number | undefined;
  /** What is wrong at present; shown last, in what room there is. */
  readonly trouble?: string | undefined;
}

const GREEN = '\u001b[32m';
const RED = '\u001b[31m';
const RESET = '\u001b[39m';
const LARGEST_BAR = 30;
const SMALLEST_BAR = 8;

interface Part {
  readonly text: string;
  readonly color?: string;
  /** Parts with the lowest number are taken first; what then does not fit is left out. */
  readonly rank: number;
}

/**
 * One line for a state of a run: done of total, rate, time left, score with its 95 % interval, errors, cost.
 * What does not fit is left out, the least important (name, percentage, bar) first; the line never takes more than `columns`.
 */
export function progressLine(progress: ProgressEvent, options: ProgressLineOptions): string {
  const all = describe(progress, terminalSafe(options.label ?? progress.runId), options.elapsedMs);
  const widthOf = (some: readonly Part[]): number =>
    some.reduce((sum, part) => sum + columnsOf(part.text) + 1, -1);
  const chosen = new Set<Part>();
  const { trouble } = options;
  if (trouble !== undefined) {
    const room = options.columns - widthOf(all.filter(({ rank }) => rank <= 1)) - 1;
    all.push({ text: fitColumns(trouble, Math.max(room, 0)), color: RED, rank: 0.5 });
  }
  for (const part of all.toSorted((a, b) => a.rank - b.rank)) {
    if (chosen.size === 0 || widthOf([...chosen, part]) <= options.columns) chosen.add(part);
  }
  const parts = all.filter((part) => chosen.has(part));
  const paint = (part: Part): string =>
    options.color && part.color !== undefined ? `${part.color}${part.text}${RESET}` : part.text;
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) {
    return paint({ ...only, text: fitColumns(only.text, options.columns) });
  }
  const words = parts.map(paint);
  const room = options.columns - widthOf(parts) - 3;
  if (options.bar && progress.total !== null && progress.total > 0 && room >= SMALLEST_BAR) {
    const width = Math.min(room, LARGEST_BAR);
    const filled = Math.round(width * Math.min(progress.done / progress.total, 1));
    // ASCII: block characters have no certain width in every terminal, and fonts without them show boxes.
    const full = '='.repeat(filled);
    words.splice(1, 0, `[${options.color ? `${GREEN}${full}${RESET}` : full}${' '.repeat(width - filled)}]`);
  }
  return words.join(' ');
}

function describe(progress: ProgressEvent, label: string, elapsedMs: number | undefined): Part[] {
  const { total, done, score, errored, cost } = progress;
  const parts: Part[] = [{ text: fitColumns(label, 24), rank: 7 }];
  if (total === null) parts.push({ text: `${grouped(done)} done`, rank: 0 });
  else {
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    parts.push({ text: `${grouped(done)}/${grouped(total)}`, rank: 0 }, { text: `${percent}%`, rank: 6 });
  }
  parts.push({ text: `${rate(progress.ratePerSecond)}/s`, rank: 2 });
  if (progress.etaMs !== null && Number.isFinite(progress.etaMs) && done !== total) {
    parts.push({ text: `ETA ${duration(progress.etaMs)}`, rank: 1 });
  } else if (elapsedMs !== undefined && done !== total) {
    parts.push({ text: duration(elapsedMs), rank: 1 });
  }
  if (score !== null) {
    // Of those that were submitted first: what finishes first is no sample.
    const first = score.results < done ? ` of first ${grouped(score.n)}` : '';
    parts.push({ text: `score ${score.mean.toFixed(3)}${first}`, rank: 3 });
    if (score.low !== null && score.high !== null) {
      parts.push({ text: `[${score.low.toFixed(3)}, ${score.high.toFixed(3)}]`, rank: 5 });
    }
  }
  if (errored > 0) parts.push({ text: `errors ${grouped(errored)}`, color: RED, rank: 1 });
  if (cost !== null) parts.push({ text: `cost ${money(cost)}`, rank: 4 });
  return parts;
}

/** 1234567 as "1,234,567", the same on every machine. */
function grouped(count: number): string {
  return String(Math.trunc(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return '?';
  return perSecond >= 100 ? grouped(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** Money with two decimals, or two digits where that would hide it: "3.20", "0.0012". */
export function money(cost: number): string {
  return cost !== 0 && Math.abs(cost) < 0.01 ? cost.toPrecision(2) : cost.toFixed(2);
}

/** Milliseconds as "0:42", "12:05" or "1:02:33". */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  const pad = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`;
}
