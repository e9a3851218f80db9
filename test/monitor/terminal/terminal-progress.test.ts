import { setImmediate as turn } from 'node:timers/promises';
import { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchEvents } from '../../../src/batch/batch-events.js';
import { AssayError, type AssayErrorCode } from '../../../src/errors.js';
import { duration, progressLine } from '../../../src/monitor/terminal/progress-line.js';
import { terminalProgress } from '../../../src/monitor/terminal/terminal-progress.js';
import { terminalSafe } from '../../../src/foundation/plain-text.js';
import { columnsOf, fitColumns } from '../../../src/monitor/terminal/terminal-text.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { FakeProcessor, progressEvent } from '../support/event-sources.js';
import { FakeTerminal } from '../support/fake-terminal.js';

const start = { at: 0, runId: 'run-1', total: 100, resumed: false } as unknown as BatchEvents['run:start'];
const retry = (code: AssayErrorCode, message: string, status?: number): BatchEvents['target:retry'] => ({
  at: 0,
  runId: 'run-1',
  caseId: null,
  endpoint: 'http://gpu1:8000/v1',
  attempt: 1,
  delayMs: 100,
  error: { code, message, retryable: true, ...(status === undefined ? {} : { status }) },
});
const end = { at: 0, runId: 'run-1' } as unknown as BatchEvents['run:end'];

function bar(columns = 120): {
  terminal: FakeTerminal;
  stderr: ReturnType<FakeTerminal['stream']>;
  stdout: ReturnType<FakeTerminal['stream']>;
  processor: FakeProcessor;
  clock: ManualClock;
  progress: ReturnType<typeof terminalProgress>;
} {
  const terminal = new FakeTerminal(columns);
  const stderr = terminal.stream();
  const stdout = terminal.stream();
  const processor = new FakeProcessor();
  const clock = new ManualClock();
  const progress = terminalProgress(processor, { stream: stderr, screen: [stdout], clock });
  return { terminal, stderr, stdout, processor, clock, progress };
}

describe('terminalProgress on a terminal', () => {
  it('shows done, total, rate, time left, score with interval, errors and cost on one row', () => {
    const { terminal, processor } = bar();
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent());
    expect(terminal.screen).toEqual([
      'run-1 [=============                 ] 42/100 42% 12.5/s ETA 0:05 score 0.813 [0.790, 0.840] errors 2 cost 1.50',
    ]);
  });

  it('redraws in place, at most once per interval, and always shows the last state', async () => {
    const { terminal, processor, clock } = bar();
    processor.fire('run:start', start);
    for (let done = 1; done <= 50; done++) processor.fire('progress', progressEvent({ done }));
    expect(terminal.screen[0]).toContain(' 1/100');
    await clock.advance(100);
    expect(terminal.screen).toHaveLength(1);
    expect(terminal.screen[0]).toContain(' 50/100');
    expect(terminal.raw).toHaveLength(2);
  });

  it('keeps what the host prints on stdout and stderr whole and above the bar', () => {
    const { terminal, processor, stdout, stderr } = bar();
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent());
    stdout.write('host line one\n');
    stderr.write(Buffer.from('host line two\n'));
    expect(terminal.screen).toEqual(['host line one', 'host line two', expect.stringContaining('42/100')]);
  });

  it('waits with the bar until the host has finished a line that it began', async () => {
    const { terminal, processor, stdout, clock } = bar();
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent());
    stdout.write('loading');
    await clock.advance(1000);
    processor.fire('progress', progressEvent({ done: 60 }));
    expect(terminal.screen).toEqual(['loading']);
    stdout.write(' done\n');
    expect(terminal.screen).toEqual(['loading done', expect.stringContaining('60/100')]);
  });

  it('leaves the final state on the screen and gives the streams back', () => {
    const { terminal, processor, stdout, stderr } = bar();
    const before = [stdout.write, stderr.write];
    processor.fire('run:start', start);
    expect(stdout.write).not.toBe(before[0]);
    processor.fire('progress', progressEvent({ done: 100, etaMs: 0 }));
    processor.fire('run:end', end);
    expect([stdout.write, stderr.write]).toEqual(before);
    expect(terminal.resizeListeners).toBe(0);
    stdout.write('after\n');
    expect(terminal.screen).toEqual([expect.stringMatching(/^run-1 100\/100 100% /), 'after']);
  });

  it('passes through when somebody else wrapped the stream meanwhile', () => {
    const { terminal, processor, stdout, progress } = bar();
    processor.fire('run:start', start);
    const ours = stdout.write;
    stdout.write = (chunk) => ours.call(stdout, chunk);
    const theirs = stdout.write;
    progress.close();
    expect(stdout.write).toBe(theirs);
    stdout.write('still works\n');
    expect(terminal.screen).toEqual(['still works']);
  });

  it('fits the new width after a resize and leaves no rest of the longer line', () => {
    const { terminal, processor } = bar(120);
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent());
    terminal.resize(40);
    expect(terminal.screen).toHaveLength(1);
    expect(terminal.screen[0]?.length).toBeLessThan(40);
    expect(terminal.screen[0]).toContain('42/100');
    terminal.resize(100);
    expect(terminal.screen).toHaveLength(1);
  });

  it('leaves nothing of a line with wide characters behind after a resize', () => {
    const terminal = new FakeTerminal(120);
    const stream = terminal.stream();
    const processor = new FakeProcessor();
    terminalProgress(processor, { stream, screen: [], clock: new ManualClock(), label: '評価の名前の長い' });
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent());
    // The real terminal gives each of the eight characters two columns: the line takes 8 more than its length.
    const shown = (terminal.rows[0] ?? '').length + 8;
    terminal.raw.length = 0;
    terminal.resize(shown - 1);
    expect(terminal.raw[0]?.startsWith('\r\u001b[1A\u001b[J')).toBe(true);
  });

  it('says with which code a run was stopped, without the text of the error', () => {
    const { terminal, processor } = bar();
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent());
    processor.fire('run:end', { ...end, error: new AssayError('ASSAY_STORE_FAILED', 'disk \u001b[2J full') });
    expect(terminal.screen[0]).toMatch(/stopped: ASSAY_STORE_FAILED$/);
    expect(terminal.raw.join('')).not.toContain('full');
  });

  it('does not let an id of the host move the cursor or reorder the line', () => {
    const { terminal, processor } = bar();
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent({ runId: 'a\u001b[2J\u202eb\r\n' }));
    expect(terminal.screen[0]).toMatch(/^a\\u\{1b\}\[2J/);
    expect(terminal.raw.join('')).not.toContain('\u202e');
  });

  it('uses colours only when the stream has them or the host asks', () => {
    for (const [colors, color, expected] of [
      [true, undefined, true],
      [false, undefined, false],
      [true, false, false],
      [false, true, true],
    ] as const) {
      const terminal = new FakeTerminal(120);
      const processor = new FakeProcessor();
      terminalProgress(processor, { stream: terminal.stream({ colors }), screen: [], color });
      processor.fire('progress', progressEvent());
      expect(terminal.raw.join('').includes('\u001b[31m')).toBe(expected);
    }
  });

  it('relies on a method of Node that follows NO_COLOR', () => {
    const terminal = WriteStream.prototype;
    expect(terminal.hasColors({ NO_COLOR: '1', TERM: 'xterm-256color' })).toBe(false);
    expect(terminal.hasColors({ TERM: 'xterm-256color' })).toBe(true);
  });

  it('ticks from the start, before any case has ended', async () => {
    const { terminal, processor, clock } = bar(60);
    processor.fire('run:start', start);
    await clock.advance(100);
    expect(terminal.screen).toEqual([expect.stringMatching(/^run-1 \[ +\] 0\/100 0% 0\.0\/s 0:00$/)]);
    await clock.advance(5000);
    expect(terminal.screen).toEqual([expect.stringMatching(/ 0\/100 0% 0\.0\/s 0:05$/)]);
    expect(terminal.raw.length).toBeLessThan(10);
  });

  it('shows what fails at once, until a case ends', async () => {
    const { terminal, processor, clock } = bar(80);
    processor.fire('run:start', start);
    await clock.advance(3000);
    processor.fire(
      'target:retry',
      retry('ASSAY_CONNECT', 'http://gpu1:8000/v1: connect ECONNREFUSED 10.0.0.1:8000'),
    );
    await clock.advance(100);
    expect(terminal.screen).toHaveLength(1);
    expect(terminal.screen[0]).toMatch(
      /^0\/100 0:03 retrying: connect ECONNREFUSED 10\.0\.0\.1:8000 at http:.*$/,
    );
    processor.fire('progress', progressEvent({ done: 1, etaMs: null }));
    await clock.advance(1000);
    expect(terminal.screen[0]).not.toContain('retrying');
  });

  it('shows of a reply its code only, as it may quote a prompt, and nothing that moves the cursor', async () => {
    const { terminal, processor, clock } = bar();
    processor.fire('run:start', start);
    processor.fire('target:retry', retry('ASSAY_SERVER', 'the secret prompt', 500));
    await clock.advance(200);
    expect(terminal.screen[0]).toContain('retrying: ASSAY_SERVER (500) at http://gpu1:8000/v1');
    processor.fire('target:retry', retry('ASSAY_CONNECT', 'a\u001b[2Jb'));
    await clock.advance(200);
    expect(terminal.raw.join('')).not.toMatch(/secret|a\u001b\[2J/);
  });

  it('stops drawing after close and holds no timer', async () => {
    const { terminal, processor, clock, progress } = bar();
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent({ done: 1 }));
    processor.fire('progress', progressEvent({ done: 2 }));
    expect(clock.pendingTimers).toBe(1);
    progress.close();
    progress.close();
    expect(clock.pendingTimers).toBe(0);
    processor.fire('progress', progressEvent({ done: 3 }));
    expect(terminal.screen).toEqual([]);
  });
});

describe('terminalProgress elsewhere', () => {
  it('writes one plain line per ten seconds, also while nothing moves, and one at the end', async () => {
    const terminal = new FakeTerminal(300);
    const processor = new FakeProcessor();
    const clock = new ManualClock();
    terminalProgress(processor, { stream: terminal.stream({ isTTY: false, colors: true }), clock });
    processor.fire('run:start', start);
    for (let second = 1; second <= 12; second++) {
      processor.fire('progress', progressEvent({ done: second }));
      await clock.advance(1000);
    }
    await clock.advance(13_000);
    processor.fire('run:end', end);
    expect(terminal.raw.every((line) => line.endsWith('\n') && !line.includes('\u001b'))).toBe(true);
    expect(terminal.screen.map((line) => /(\d+)\/100/.exec(line)?.[1])).toEqual(['10', '12', '12']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells the first failure of a kind at once', async () => {
    const terminal = new FakeTerminal(300);
    const processor = new FakeProcessor();
    const clock = new ManualClock();
    terminalProgress(processor, { stream: terminal.stream({ isTTY: false }), clock });
    processor.fire('run:start', start);
    for (let i = 0; i < 5; i++)
      processor.fire('target:retry', retry('ASSAY_CONNECT', 'connect ECONNREFUSED'));
    processor.fire('target:retry', retry('ASSAY_RATE_LIMITED', 'x', 429));
    expect(terminal.screen).toEqual([
      'run-1 retrying: connect ECONNREFUSED at http://gpu1:8000/v1',
      'run-1 retrying: ASSAY_RATE_LIMITED (429) at http://gpu1:8000/v1',
    ]);
  });

  it('leaves other streams alone', () => {
    const terminal = new FakeTerminal();
    const stream = terminal.stream({ isTTY: false });
    const before = stream.write;
    const processor = new FakeProcessor();
    terminalProgress(processor, { stream });
    processor.fire('run:start', start);
    expect(stream.write).toBe(before);
    processor.fire('run:end', end);
    expect(terminal.screen).toEqual(['run-1 ended']);
  });

  it('goes on when nobody reads the stream any more', async () => {
    // What stderr does after `node job.mjs 2>&1 | head -1`: an `error` event without a listener would end the process.
    let refused = 0;
    const gone = (isTTY: boolean): Writable & { isTTY: boolean } => {
      const stream = new Writable({
        autoDestroy: false,
        write: (_chunk, _encoding, done) => {
          refused += 1;
          done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
        },
      });
      return Object.assign(stream, { isTTY });
    };
    for (const stream of [gone(true), gone(false)]) {
      refused = 0;
      const processor = new FakeProcessor();
      const clock = new ManualClock();
      const progress = terminalProgress(processor, { stream, clock });
      for (const runId of ['run-1', 'run-2']) {
        processor.fire('run:start', { ...start, runId });
        processor.fire('progress', progressEvent({ done: 1 }));
        await clock.advance(10_000);
        await turn();
        processor.fire('run:end', { ...end, runId });
        await turn();
      }
      progress.close();
      expect(refused).toBeGreaterThan(0);
      expect(stream.listenerCount('error')).toBeLessThanOrEqual(1);
    }
  });

  it('does not let a stream that throws out of its timer', async () => {
    const stream = {
      write: (): boolean => {
        throw new Error('closed');
      },
    };
    const processor = new FakeProcessor();
    const clock = new ManualClock();
    terminalProgress(processor, { stream, clock });
    processor.fire('run:start', start);
    processor.fire('progress', progressEvent({ done: 1 }));
    await clock.advance(20_000);
    expect(clock.pendingTimers).toBe(1);
  });

  it('refuses what is no processor or no stream', () => {
    expect(() => terminalProgress({} as never)).toThrow('Expected a processor with `on`, got an object');
    expect(() => terminalProgress(new FakeProcessor(), { stream: {} as never })).toThrow(
      '`stream` of terminalProgress to be an object with `write`',
    );
    expect(() => terminalProgress(new FakeProcessor(), { screen: process.stdout as never })).toThrow(
      '`screen` of terminalProgress to be an array',
    );
  });

  it('refuses an unknown option and names the nearest', () => {
    expect(() => terminalProgress(new FakeProcessor(), { colour: true } as never)).toThrow(
      'Unknown option `colour` of terminalProgress; did you mean `color`?',
    );
  });
});

describe('a progress line', () => {
  it('never takes more columns than it may, whatever the numbers and names', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.nat(),
        fc.option(fc.nat()),
        fc.boolean(),
        (columns, runId, done, total, drawBar) => {
          const line = progressLine(progressEvent({ runId, done, total }), {
            columns,
            bar: drawBar,
            color: false,
          });
          expect(columnsOf(line)).toBeLessThanOrEqual(columns);
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        },
      ),
    );
  });

  it('says which results a score is of while slower ones before them are still on their way', () => {
    const score = { n: 1200, results: 1234, mean: 0.7, low: 0.67, high: 0.73 };
    const line = progressLine(progressEvent({ done: 2000, total: 5000, score }), {
      columns: 200,
      color: false,
      bar: false,
    });
    expect(line).toContain('score 0.700 of first 1,200 [0.670, 0.730]');
  });

  it('tells time left, score with interval, errors and cost on a terminal of 80 columns before any name', () => {
    const big = progressEvent({
      runId: '2026-11-25T18-52-07-6f3a',
      done: 12_345,
      total: 100_000,
      ratePerSecond: 123,
      etaMs: 725_000,
      errored: 45,
      cost: 12.34,
      score: { n: 12_300, results: 12_345, mean: 0.8125, low: 0.79, high: 0.84 },
    });
    expect(progressLine(big, { columns: 79, bar: true, color: false })).toBe(
      '12,345/100,000 123/s ETA 12:05 score 0.813 [0.790, 0.840] errors 45 cost 12.34',
    );
  });

  it('keeps the count when there is room for little else', () => {
    expect(progressLine(progressEvent(), { columns: 10, bar: true, color: false })).toBe('42/100 42%');
  });

  it('shows no percentage, bar or time left when the total is unknown', () => {
    const line = progressLine(
      progressEvent({ total: null, etaMs: null, score: null, cost: null, errored: 0 }),
      {
        columns: 100,
        bar: true,
        color: false,
      },
    );
    expect(line).toBe('run-1 42 done 12.5/s');
  });

  it('writes durations as a clock does', () => {
    expect([0, 59_400, 725_000, 3_753_000].map(duration)).toEqual(['0:00', '0:59', '12:05', '1:02:33']);
  });

  it('shows instead of obeying every control character', () => {
    expect(terminalSafe('\u009b31m\u0007\u200b\ud800x')).toBe('\\u{9b}31m\\u{7}\\u{200b}\\u{d800}x');
    expect(terminalSafe('Größe 漢字 🙂')).toBe('Größe 漢字 🙂');
    expect(fitColumns('漢字漢字', 7)).toBe('漢字...');
    expect(fitColumns('abc', 2)).toBe('..');
  });
});
