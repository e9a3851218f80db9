#!/usr/bin/env node
// Writes docs/performance.md from what the benchmarks left in .bench/. What has not been run is left out.
//   node bench/report.mjs
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { cellsOf, contendersOf, figure, firstResultMs, ratio } from './contender-figures.mjs';
import { projectGoals, seedTargets } from './goals.mjs';
import { machine, readResult, readRows, RESULTS, show, table } from './results.mjs';

const PAGE = fileURLToPath(new URL('../docs/performance.md', import.meta.url));

const verdict = ({ holds }) => (holds === undefined ? 'not measured' : holds ? 'yes' : '**no**');
const goalTable = (goals) =>
  table(
    ['goal', 'target', 'measured', 'holds'],
    goals.map((goal) => [goal.goal, goal.target, goal.measured, verdict(goal)]),
  );

function contenderTable(cell) {
  return table(
    ['', 'ratio', 'CPU ms per 1,000', 'evaluations a second', 'peak RSS, MB', 'first result, ms', 'runs'],
    contendersOf(cell).map(({ name, runs, failures }) => [
      name,
      show(ratio(cell, name), 2),
      show(
        figure(cell, name, (row) => row.cpuMsPer1k),
        1,
      ),
      show(figure(cell, name, (row) => row.perSecond)),
      show(figure(cell, name, (row) => row.peakRssMb)),
      show(figure(cell, name, firstResultMs)),
      failures.length === 0 ? `${runs}` : `${runs}, ${failures.length} failed`,
    ]),
  );
}

function scaleTables(rows) {
  const bySeries = new Map();
  for (const row of rows) bySeries.set(row.series, [...(bySeries.get(row.series) ?? []), row]);
  return [...bySeries].map(
    ([series, points]) =>
      `### ${series}\n\n` +
      table(
        ['', 'CPU ms per 1,000', 'times the bare loop', 'evaluations a second', 'peak RSS, MB'],
        points.map((point) =>
          point.error
            ? [point.point, point.error.split('\n')[0], '–', '–', '–']
            : [
                point.point,
                show(point.cpuMsPer1k, 1),
                show(point.ratio, 2),
                show(point.perSecond),
                show(point.peakRssMb),
              ],
        ),
      ),
  );
}

function versions() {
  const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
  const names = ['undici', 'p-queue', 'eventemitter3', 'lru-cache', 'tinypool', 'fflate', 'better-sqlite3'];
  return names.map((name) => `${name} ${lock.packages[`node_modules/${name}`]?.version ?? '?'}`).join(', ');
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** Writes the page and returns the table of goals for the terminal. */
export async function writeReport() {
  const rows = readRows(RESULTS.contenders);
  const scale = readRows(RESULTS.scale);
  const [imports, micro, soak] = [RESULTS.import, RESULTS.micro, RESULTS.soak].map(readResult);
  const goals = goalTable(projectGoals({ rows, imports, soak }));
  const sections = [
    '# Performance',
    'Written by `node bench/report.mjs` from measurements; do not edit. How to measure again: `bench/README.md`.',
    `Measured on ${machine()}; commit ${commit()}; ${versions()}.`,
    'Client and mock server are two processes that share the machine; the server’s work is not counted. One evaluation posts a chat completion, ' +
      'gets an answer of 1 kB and checks that it is the answer to *this* case. **Ratio** is the CPU time of an evaluation over that of a bare ' +
      '`undici.request` loop which serialises, sends, reads, parses and compares, in the same repetition; figures are medians over the repetitions. ' +
      'Read ratios rather than absolute times: machines differ.',
    '## Goals',
    goals,
    '## Target metrics of the guide this package comes from',
    'At 50 ms latency of the model, 64 calls at once, 10,000 cases, results in SQLite.',
    goalTable(seedTargets({ rows })),
    '## Against the bare loop and other tools',
    ...cellsOf(rows).flatMap((cell) => [
      `### ${show(cell.n)} cases, latency ${cell.latency} ms, ${cell.c} at once`,
      contenderTable(cell),
    ]),
  ];
  if (imports !== undefined) {
    sections.push(
      '## Start-up',
      table(
        ['script', 'median ms from start to end of the process'],
        imports.scripts.map(({ name, medianMs }) => [name, show(medianMs, 1)]),
      ),
    );
  }
  if (scale.length > 0) sections.push('## Scale', ...scaleTables(scale));
  if (soak !== undefined) {
    sections.push(
      '## Soak',
      `${show(soak.cases)} cases through HTTP and SQLite in one process: ${show(soak.perSecond)} a second, RSS ${show(soak.rssAtTenthMb)} MB after the first 10 %, ` +
        `${show(soak.rssAtEndMb)} MB at the end, highest ${show(soak.peakAfterTenthMb)} MB in between (${show(soak.growth * 100, 1)} % growth of the median of the last tenth), ` +
        `handles before ${soak.handlesBefore}, after ${soak.handlesAfter}.`,
    );
  }
  if (micro !== undefined) {
    sections.push(
      '## Primitives against their bare library',
      table(
        ['operation', 'ns an operation', 'bare library', 'ns', 'ratio'],
        micro.map((row) => [
          row.name,
          show(row.ns),
          row.bare,
          show(row.bareNs),
          show(row.ns / row.bareNs, 2),
        ]),
      ),
    );
  }
  const config = await resolveConfig(PAGE);
  writeFileSync(PAGE, await format(sections.join('\n\n'), { ...config, parser: 'markdown' }));
  return `${goals}\n\nwritten to docs/performance.md`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await writeReport());
