import { InputError } from '../../errors.js';
import { readCsv } from '../../cases/read-csv.js';
import { readJsonl } from '../../cases/read-jsonl.js';
import type { FileSource } from '../../cases/file-source.js';
import { things } from '../../foundation/counted.js';
import { checkOptions, oneOf, show } from '../../foundation/options.js';
import { type GivenLabel, type LabelDraw, labelOf, type LabelSet } from './label-set.js';

/** Options of {@link readLabels}. */
export interface ReadLabelsOptions {
  /** `csv` or `jsonl`. @default by the name of the file */
  readonly format?: 'csv' | 'jsonl' | undefined;
  /** What separates the fields of CSV: `;` where Excel saves it so. @default ',' */
  readonly delimiter?: ',' | ';' | '\t' | undefined;
  /** Lowest and highest label, such as [1, 5] for ratings; mapped to 0..1. @default [0, 1] */
  readonly scale?: readonly [lowest: number, highest: number] | undefined;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads labels from a sheet that {@link writeLabelSheet} wrote and people filled in, or from the report's labelling mode: JSON
 * lines or CSV with `caseId` (or `id`), `repetition`, `label` and `probability`. Rows without a label are counted.
 *
 * @throws InputError `ASSAY_INVALID_INPUT` for a row without a case, a label that is none, or rows of two sheets;
 *   `ASSAY_DUPLICATE_CASE` for an item that is labelled twice; `ASSAY_EMPTY_INPUT` for a file without a label.
 */
export async function readLabels(source: FileSource, options: ReadLabelsOptions = {}): Promise<LabelSet> {
  const {
    format,
    delimiter,
    scale = [0, 1],
  } = checkOptions<ReadLabelsOptions>('readLabels', options, {
    format: oneOf('csv', 'jsonl'),
    delimiter: oneOf(',', ';', '\t'),
    scale: (value) =>
      Array.isArray(value) && value.length === 2 && value[0] < value[1]
        ? undefined
        : 'two numbers, the lower first',
  });
  const csv = format === undefined ? /\.csv$/i.test(String(source)) : format === 'csv';
  const rows = await readRows(source, { csv, delimiter });
  const sheet = new SheetRows(scale);
  for (const [i, row] of rows.entries()) sheet.add(row, i + 1);
  return sheet.labels();
}

/** The readers of cases give places of errors and handle quotes, bytes and long lines; a row travels as metadata. */
async function readRows(
  source: FileSource,
  { csv, delimiter }: { readonly csv: boolean; readonly delimiter: ReadLabelsOptions['delimiter'] },
): Promise<Row[]> {
  const map = (
    row: object,
    place: { readonly row: number },
  ): { id: string; input: string; metadata: Row } => ({
    id: String(place.row),
    input: '',
    metadata: row as Row,
  });
  const read = csv
    ? readCsv<string, string, Row>(source, { map: map as never, delimiter, quote: '"' })
    : readJsonl<string, string, Row>(source, { map: map as never });
  const rows: Row[] = [];
  for await (const { metadata } of read) rows.push(metadata as Row);
  return rows;
}

/** Takes the rows of a sheet one by one and refuses what makes its labels no random sample. */
class SheetRows {
  readonly #scale: readonly [lowest: number, highest: number];
  readonly #seen = new Set<string>();
  readonly #labels: GivenLabel[] = [];
  #draw: LabelDraw | null = null;
  #unlabelled = 0;

  constructor(scale: readonly [lowest: number, highest: number]) {
    this.#scale = scale;
  }

  add(row: Row, number: number): void {
    const place = `row ${number}`;
    const item = this.#itemOf(row, number);
    const draw = drawOf(row);
    if (number > 1 && draw?.sheet !== this.#draw?.sheet) {
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected rows of one sheet, got ${show(draw?.sheet)} in ${place} after ${show(this.#draw?.sheet)}`,
        { row: number },
      );
    }
    this.#draw = draw;
    const label = labelOf(row['label'], { scale: this.#scale, place });
    if (label === null) {
      this.#unlabelled++;
      return;
    }
    if (this.#unlabelled > 0 && draw !== null) {
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected labels without gaps, got one in ${place} after ${things(this.#unlabelled, 'row')} without: items that are left out because ` +
          'they are hard are no random sample; label them, or stop after a row',
        { row: number },
      );
    }
    const chance = row['probability'];
    const probability = chance === undefined || chance === null || chance === '' ? null : Number(chance);
    this.#labels.push({ ...item, label, probability });
  }

  #itemOf(row: Row, number: number): Pick<GivenLabel, 'caseId' | 'repetition'> {
    const caseId = row['caseId'] ?? row['id'];
    if (typeof caseId !== 'string' || caseId === '') {
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected \`caseId\` of row ${number} to be a text, got ${show(caseId)}`,
        { row: number },
      );
    }
    const repetition = Number(row['repetition'] ?? 0);
    const key = `${repetition}:${caseId}`;
    if (this.#seen.has(key)) {
      throw new InputError(
        'ASSAY_DUPLICATE_CASE',
        `Expected one label for case ${show(caseId)}, got another in row ${number}`,
        { row: number },
      );
    }
    this.#seen.add(key);
    return { caseId, repetition };
  }

  labels(): LabelSet {
    const labelled = this.#labels.length;
    const unlabelled = this.#unlabelled;
    if (labelled === 0) {
      throw new InputError(
        'ASSAY_EMPTY_INPUT',
        `Expected at least one label, found none in ${unlabelled} rows`,
      );
    }
    // The first k rows of a sheet in random order are a random sample of k.
    const share = labelled / (labelled + unlabelled);
    const labels = this.#labels.map((label) => ({
      ...label,
      probability: label.probability === null ? null : label.probability * share,
    }));
    return { draw: this.#draw, unlabelled, labels };
  }
}

function drawOf(row: Row): LabelDraw | null {
  const { sheet, runId, purpose, n, population, seed } = row;
  if (typeof sheet !== 'string' || sheet === '') return null;
  return {
    sheet,
    runId: String(runId ?? ''),
    purpose: purpose === 'tune' ? 'tune' : 'anchor',
    n: Number(n),
    population: Number(population),
    seed: Number(seed),
  };
}
