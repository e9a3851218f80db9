import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AssayError, messageOf } from '../../errors.js';
import { checkName, headline } from './format-gate.js';
import type { GateCheck, GateVerdictData } from './gate-verdict.js';

/**
 * Writes a verdict as a JUnit report, which most CI systems show: a test case for each check. A failed check is a
 * `failure`, one that cannot be compared an `error`, an undecided one `skipped` (a `failure` where undecided fails).
 * Folders that are missing are made. Characters that XML cannot hold are removed: a report that does not parse shows
 * as green.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` when the file cannot be written.
 */
export async function writeJunit(verdict: GateVerdictData, path: string): Promise<void> {
  const report = formatJunit(verdict);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, report);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** The error for a report that cannot be written. */
export function unwritable(path: string, error: unknown): AssayError {
  return new AssayError(
    'ASSAY_INVALID_OPTION',
    `Expected ${JSON.stringify(path)} to be a file that can be written: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
}

/** The report as text. */
export function formatJunit(verdict: GateVerdictData): string {
  const { checks } = verdict;
  const results = checks.map((check) => resultOf(check, verdict));
  const count = (kind: string): number => results.filter((result) => result === kind).length;
  const counts = `tests="${checks.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" time="0"`;
  const cases = checks.map((check, i) => testCase(check, results[i] as Result));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="assaykit gate" ${counts}>`,
    `  <testsuite name="${attribute(`gate of run ${verdict.run.runId}`)}" ${counts}>`,
    ...cases,
    `    <system-out>${content(headline(verdict))}</system-out>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

type Result = 'pass' | 'failure' | 'error' | 'skipped';

function resultOf({ outcome }: GateCheck, { undecided }: GateVerdictData): Result {
  if (outcome === 'undecided') return undecided === 'fail' ? 'failure' : 'skipped';
  return outcome === 'pass' ? 'pass' : outcome === 'fail' ? 'failure' : 'error';
}

function testCase(check: GateCheck, result: Result): string {
  const open = `    <testcase name="${attribute(checkName(check))}" classname="${attribute(`assaykit.${check.metric}`)}" time="0"`;
  if (result === 'pass')
    return `${open}>\n      <system-out>${content(check.reason)}</system-out>\n    </testcase>`;
  const message = `${check.outcome}: ${check.reason}`;
  if (result === 'skipped')
    return `${open}>\n      <skipped message="${attribute(message)}"/>\n    </testcase>`;
  return `${open}>\n      <${result} message="${attribute(message)}" type="${check.outcome}">${content(check.reason)}</${result}>\n    </testcase>`;
}

/** Without what XML 1.0 cannot hold, escaped or not: most control characters, lone surrogates, U+FFFE and U+FFFF. */
function holdable(text: string): string {
  return text
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/g, '')
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '');
}

function content(text: string): string {
  return holdable(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function attribute(text: string): string {
  return content(text)
    .replaceAll('"', '&quot;')
    .replace(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`);
}
