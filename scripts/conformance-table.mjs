/**
 * Writes docs/conformance.md: per metric the number of reference cases and the largest deviation of this package.
 *
 *   npm run build && node scripts/conformance-table.mjs            writes the table
 *   node scripts/conformance-table.mjs --check                     only compares; exit code 1 when a row fails
 *
 * Needs the real data (ASSAYKIT_DATA, or ../shared/data).
 */
import { existsSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { decisions } from './conformance/decisions.mjs';
import { publishedVerdicts } from './conformance/published-verdicts.mjs';
import { retrieval } from './conformance/retrieval.mjs';
import { statistics } from './conformance/statistics.mjs';
import { dataFolder } from './conformance/tally.mjs';
import { textMetrics } from './conformance/text-metrics.mjs';

const PAGE = 'docs/conformance.md';

if (!existsSync(dataFolder)) {
  console.error(`No real data at ${dataFolder}; set ASSAYKIT_DATA.`);
  process.exit(2);
}

const sections = [
  ['Text metrics', textMetrics()],
  ['Retrieval', retrieval()],
  ['Statistics', await statistics()],
  ['Decisions', decisions()],
  ['Recorded answers with published verdicts', publishedVerdicts()],
].map(([title, tallies]) => ({ title, rows: tallies.map((tally) => tally.row()) }));

const rows = sections.flatMap((section) => section.rows);
const failing = rows.filter(({ holds }) => !holds);
const cases = rows.reduce((sum, row) => sum + row.cases, 0);
const figures = rows.reduce((sum, row) => sum + row.figures, 0);

if (!process.argv.includes('--check')) {
  writeFileSync(PAGE, await format(page(), { ...(await resolveConfig(PAGE)), filepath: PAGE }));
}
console.log(
  `${rows.length} metrics, ${cases} cases, ${figures} figures, ${failing.length} outside their tolerance`,
);
for (const row of failing) console.error(`${row.metric}: off by ${row.largest} at case ${row.furthest}`);
process.exitCode = failing.length === 0 ? 0 : 1;

function page() {
  const parts = [
    '# Conformance',
    '',
    'Every metric of this package against its reference implementation. This page is written by',
    '`node scripts/conformance-table.mjs`; CI runs it with `--check` where the real data are present.',
    '',
    'A case is one input of the reference data; it may give several figures (precision, recall and F of one text).',
    'The deviation is absolute up to 1 and relative above. What the reference leaves undefined must be undefined',
    'here too: a number in its place would count as an infinite deviation.',
    '',
    `${rows.length} metrics, ${cases.toLocaleString('en')} cases, ${figures.toLocaleString('en')} figures, ${failing.length} outside their tolerance.`,
  ];
  for (const { title, rows: each } of sections) {
    parts.push(
      '',
      `## ${title}`,
      '',
      '| metric | reference | cases | figures | largest deviation | tolerance |',
    );
    parts.push('| --- | --- | ---: | ---: | ---: | ---: |');
    for (const row of each) {
      const deviation = row.holds ? shown(row.largest) : `**${shown(row.largest)}**`;
      parts.push(
        `| ${row.metric} | ${row.reference} | ${row.cases.toLocaleString('en')} | ${row.figures.toLocaleString('en')} | ${deviation} | ${shown(row.tolerance)} |`,
      );
    }
  }
  return `${parts.join('\n')}\n`;
}

function shown(value) {
  if (value === 0) return '0';
  return Number.isFinite(value) ? value.toExponential(1) : 'undefined';
}
