import { appendFile, stat } from 'node:fs/promises';
import { checkName, headline } from './format-gate.js';
import type { GateVerdictData, WorstCase } from './gate-verdict.js';
import { unwritable } from './junit.js';
import { plainText, shownName } from '../../foundation/plain-text.js';

const LIMIT = 1024 * 1024; // of GitHub for one step; above, the whole summary is refused
const SPARE = 1024;
const CUT = '\n\n*Cut: a step summary holds at most 1 MiB.*\n';

/**
 * Appends a verdict in Markdown to the summary of a CI step (GitHub: the file that `GITHUB_STEP_SUMMARY` names): what
 * came of it, a table of the checks, and the worst cases with question and answer. Stays under the 1 MiB that a step
 * may write, together with what the file holds already. Text of questions and answers is inert: it stands in code
 * blocks.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` when the file cannot be written.
 */
export async function appendStepSummary(verdict: GateVerdictData, path: string): Promise<void> {
  try {
    const held = await stat(path).then(
      ({ size }) => size,
      () => 0,
    );
    await appendFile(path, cutTo(formatStepSummary(verdict), LIMIT - SPARE - held));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** The summary as text, however long it is. */
export function formatStepSummary(verdict: GateVerdictData): string {
  const { checks, worst } = verdict;
  const rows = checks.map(
    (check) =>
      `| ${SIGNS[check.outcome]} ${check.outcome} | ${cell(checkName(check))} | ${cell(check.reason)} |`,
  );
  const parts = [
    `## ${escape(headline(verdict))}`,
    ['| outcome | check | found |', '| --- | --- | --- |', ...rows].join('\n'),
  ];
  if (verdict.differences.length > 0) {
    parts.push(
      ['Not comparable:', '', ...verdict.differences.map((difference) => `- ${escape(difference)}`)].join(
        '\n',
      ),
    );
  }
  if (worst.length > 0)
    parts.push(
      `<details><summary>The ${worst.length} worst cases</summary>`,
      ...worst.map(worstCase),
      '</details>',
    );
  return `${parts.join('\n\n')}\n\n`;
}

const SIGNS = { pass: '✅', fail: '❌', undecided: '⚠️', 'not-comparable': '⛔' } as const;

function worstCase(worst: WorstCase): string {
  const { caseId, repetition, score, baselineScore, question, expected, answer, reason } = worst;
  const before = baselineScore === null ? '' : `, baseline ${baselineScore}`;
  const title = `#### ${escape(shownName(caseId))}${repetition === 0 ? '' : `, repetition ${repetition}`}: ${score === null ? 'errored' : `score ${score}`}${before}`;
  const blocks = [
    ['Question', question],
    ['Expected', expected],
    ['Answer', answer],
    ['Why', reason],
  ] as const;
  return [
    title,
    ...blocks
      .filter(([, text]) => text !== null)
      .map(([name, text]) => `${name}:\n\n${block(text as string)}`),
  ].join('\n\n');
}

/** A code block whose fence is longer than any in the text. */
function block(text: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, { length }) => Math.max(most, length), 2);
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '')}\n${fence}`;
}

/** Text in a line, with everything that Markdown or HTML would act on made plain. */
const escape = (text: string): string =>
  plainText(text).replace(/[\\`*_{}[\]()#+!|<>&~@]/g, (sign) => `&#${sign.charCodeAt(0)};`);

const cell = escape;

/** At most `bytes` of UTF-8, cut between lines; blocks that are cut open are closed. */
function cutTo(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const room = bytes - Buffer.byteLength(CUT) - 64;
  if (room <= 0) return '';
  const lines: string[] = [];
  let size = 0;
  let fence: string | undefined;
  for (const line of text.split('\n')) {
    size += Buffer.byteLength(line) + 1;
    if (size > room) break;
    lines.push(line);
    const run = /^`{3,}/.exec(line)?.[0];
    if (fence === undefined) fence = run;
    else if (run === line && run.length >= fence.length) fence = undefined;
  }
  const open = lines.join('\n').includes('<details>') ? '\n\n</details>\n' : '';
  return `${lines.join('\n')}${fence === undefined ? '' : `\n${fence.slice(0, 40)}`}${open}${CUT}`;
}
