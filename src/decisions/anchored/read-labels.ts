import { InputError } from '../../errors.js';
import { readCsv } from '../../cases/read-csv.js';
import { readJsonl } from '../../cases/read-jsonl.js';
import type { FileSource } from '../../cases/file-source.js';
import { checkOptions, show } from '../../foundation/options.js';
import { type GivenLabel, type LabelDraw, labelOf, type LabelSet } from './label-set.js';

/** Options of {@link readLabels}. */
export interface ReadLabelsOptions {
  /** `csv` or `jsonl`. @default by the name of the file */
  readonly format?: 'csv' | 'jsonl' | undefined;
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
  const { format, scale = [0, 1] } = checkOptions<ReadLabelsOptions>('readLabels', options, {
    format: (value) => (value === 'csv' || value === 'jsonl' ? undefined : "'csv' or 'jsonl'"),
    scale: (value) =>
      Array.isArray(value) && value.length === 2 && value[0] < value[1]
        ? undefined
        : 'two numbers, the lower first',
  });
  const csv = format === undefined ? /\.csv$/i.test(String(source)) : format === 'csv';
  const rows: Row[] = [];
  // The readers of cases give places of errors and handle quotes, bytes and long lines; a row travels as metadata.
  const map = (
    row: object,
    place: { readonly row: number },
  ): { id: string; input: string; metadata: Row } => ({
    id: String(place.row),
    input: '',
    metadata: row as Row,
  });
  const read = csv
    ? readCsv<string, string, Row>(source, { map: map as never })
    : readJsonl<string, string, Row>(source, { map: map as never });
  for await (const { metadata } of read) rows.push(metadata as Row);
  const labels: GivenLabel[] = [];
  const seen = new Set<string>();
  let draw = null as LabelDraw | null;
  let unlabelled = 0;
  for (const [i, row] of rows.entries()) {
    const place = `row ${i + 1}`;
    const caseId = row['caseId'] ?? row['id'];
    if (typeof caseId !== 'string' || caseId === '') {
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected \`caseId\` of ${place} to be a text, got ${show(caseId)}`,
        { row: i + 1 },
      );
    }
    const repetition = Number(row['repetition'] ?? 0);
    const key = `${repetition}:${caseId}`;
    if (seen.has(key))
      throw new InputError(
        'ASSAY_DUPLICATE_CASE',
        `Expected one label for case ${show(caseId)}, got another in ${place}`,
        { row: i + 1 },
      );
    seen.add(key);
    const ofRow = drawOf(row);
    if (i > 0 && ofRow?.sheet !== draw?.sheet) {
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected rows of one sheet, got ${show(ofRow?.sheet)} in ${place} after ${show(draw?.sheet)}`,
        { row: i + 1 },
      );
    }
    draw = ofRow;
    const label = labelOf(row['label'], scale, place);
    if (label === null) {
      unlabelled++;
      continue;
    }
    if (unlabelled > 0 && draw !== null) {
      throw new InputError(
        'ASSAY_INVALID_INPUT',
        `Expected labels without gaps, got one in ${place} after ${unlabelled} rows without: items that are left out because they ` +
          'are hard are no random sample; label them, or stop after a row',
        { row: i + 1 },
      );
    }
    const chance = row['probability'];
    labels.push({
      caseId,
      repetition,
      label,
      probability: chance === undefined || chance === null || chance === '' ? null : Number(chance),
    });
  }
  if (labels.length === 0)
    throw new InputError(
      'ASSAY_EMPTY_INPUT',
      `Expected at least one label, found none in ${rows.length} rows`,
    );
  // The first k rows of a sheet in random order are a random sample of k.
  const share = labels.length / (labels.length + unlabelled);
  return {
    draw,
    unlabelled,
    labels:
      unlabelled === 0
        ? labels
        : labels.map((each) => ({
            ...each,
            probability: each.probability === null ? null : each.probability * share,
          })),
  };
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
