import { describe, expect, it } from 'vitest';
import { readCsv } from '../../src/cases/read-csv.js';
import { fitWidth } from '../../src/cli/display-width.js';
import { readErrorBody, readErrorReply } from '../../src/client/protocols/error-body.js';
import { resetMs } from '../../src/client/balancing/retry-after.js';
import { classifyStatus } from '../../src/client/http/classify-failure.js';
import { SecretStream } from '../../src/client/http/secret-stream.js';
import { Secrets } from '../../src/client/http/secrets.js';
import { messageOf, toErrorRecord } from '../../src/errors.js';
import { looksLikeKey, withoutKeys } from '../../src/foundation/key-like.js';
import { parseJson } from '../../src/foundation/lossless-json.js';
import { stableHash } from '../../src/foundation/stable-hash.js';
import { isPlain, toTagged } from '../../src/foundation/tagged-json.js';
import { Exposition } from '../../src/monitor/exposition.js';
import { redactPayload } from '../../src/monitor/event-redaction.js';
import { terminalSafe } from '../../src/foundation/plain-text.js';
import { fitColumns } from '../../src/monitor/terminal/terminal-text.js';
import { compareJson } from '../../src/scorers/json/json-difference.js';
import { storableText } from '../../src/stores/storable-text.js';

// What takes text from outside takes eight times as long for eight times the text, and not sixty-four times.

const KEY = 'sk-Zq9xW4pB7nM2kT8vRf';
const secrets = new Secrets('/v1?key=qz8Hx2mVw7tKd4Rb1');
secrets.addHeader('authorization', `Bearer ${KEY}`);

const repeated = (piece: string) => (length: number) => piece.repeat(Math.ceil(length / piece.length));
const TEXTS: Readonly<Record<string, (length: number) => string>> = {
  letters: repeated('a'),
  digits: repeated('1'),
  spaces: repeated(' '),
  'line feeds': repeated('\n'),
  quotes: repeated('"'),
  backslashes: repeated('\\'),
  'escapes of URLs': repeated('%2'),
  'escapes of HTML': repeated('&#x4'),
  'escapes of JSON': repeated('\\u00'),
  'beginnings of a key': repeated(KEY.slice(0, -1)),
  keys: repeated(KEY),
  'lone surrogates': repeated('\ud800'),
  'opening brackets': repeated('['),
  'opening braces': repeated('{"a":'),
  'numbers with dots': repeated('1.'),
  durations: repeated('1m'),
  'Chinese characters': repeated('字'),
  emoji: repeated('👩‍👩‍👧'),
  'opening tags': repeated('<message '),
  'elements without an end': repeated('<title>'),
  'ends without a bracket': repeated('</'),
  scripts: repeated('<script'),
  'words of a limit': repeated('input tokens '),
};

const PLACES: Readonly<Record<string, (text: string) => unknown>> = {
  'the message of an error': (text) => messageOf(new Error(text)),
  'the record of an error': (text) =>
    toErrorRecord(new AggregateError([new Error(text), text]), 'ASSAY_SERVER'),
  'a message that is hidden': (text) => secrets.hide(text),
  'a reply that is cleared': (text) =>
    secrets.clear({ model: text, choices: [{ message: { content: text } }] }),
  'a reply that is searched': (text) => secrets.replies.mayHold(text),
  'a streamed answer': (text) => {
    const stream = new SecretStream(secrets.replies);
    for (let at = 0; at < text.length; at += 7) stream.push(text.slice(at, at + 7));
    return stream.end();
  },
  'the body of a refusal': (text) => readErrorReply(Buffer.from(text)),
  'the page of a proxy': (text) => readErrorReply(Buffer.from(`<html><body>${text}</body>`)),
  'the words of a refusal': (text) => classifyStatus({ status: 400, body: readErrorBody(text) }),
  'a header with a time': (text) => resetMs(text, 0),
  'a label of a metric': (text) => {
    const page = new Exposition();
    page.family('a', { type: 'gauge', help: text, samples: [[{ model: text }, 1]] });
    return page.toString();
  },
  'an event': (text) => redactPayload({ model: text, error: { code: text, message: text }, list: [text] }),
  'the terminal': (text) => fitColumns(terminalSafe(text), 80),
  'a cell of a table': (text) => fitWidth(text, 80),
  'a column of a database': (text) => storableText(text),
  'a text that may be a key': (text) => [looksLikeKey(text), withoutKeys({ api_key: text })],
  JSON: (text) => {
    try {
      return parseJson(text, { nonFinite: true, trailingCommas: true, lineBreaks: true });
    } catch {
      return undefined;
    }
  },
};

/** CPU time of the shorter of two runs, milliseconds: others share the machine. */
function time(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 2; round++) {
    const begun = process.cpuUsage();
    run();
    best = Math.min(best, process.cpuUsage(begun).user / 1000);
  }
  return best;
}

/**
 * Whether eight times as much takes far more than eight times as long. What is done in a quarter of a second may be any
 * noise: something quadratic takes seconds for 200 kB.
 */
function grows(run: (length: number) => unknown): string | undefined {
  run(1000);
  const large = time(() => run(200_000));
  if (large < 250) return undefined;
  const small = time(() => run(25_000));
  return large < 24 * Math.max(small, 1)
    ? undefined
    : `${small.toFixed(1)} ms for 25 kB, ${large.toFixed(1)} ms for 200 kB`;
}

describe.each(Object.entries(PLACES))('%s', (_place, take) => {
  it('takes time in proportion to the text, whatever the text is', () => {
    const slow = Object.entries(TEXTS).flatMap(([name, make]) => {
      const texts = new Map([1000, 25_000, 200_000].map((length) => [length, make(length)]));
      const found = grows((length) => take(texts.get(length)!));
      return found === undefined ? [] : [`${name}: ${found}`];
    });
    expect(slow).toEqual([]);
  });
});

describe('a value from outside', () => {
  /** JSON of about `length` characters: `depth` levels, and under the last one as many members as fit. */
  const value = (length: number, depth: number, member: string): unknown => {
    const rest = Math.max(1, Math.floor((length - 2 * depth) / (member.length + 1)));
    return JSON.parse(`${'['.repeat(depth)}${Array(rest).fill(member).join(',')}${']'.repeat(depth)}`);
  };
  const shapes: Readonly<Record<string, (length: number) => unknown>> = {
    flat: (length) => value(length, 1, '{}'),
    'wide below 900 levels': (length) => value(length, 900, '{}'),
    deep: (length) => value(length, Math.floor(length / 2) - 1, '1'),
  };
  const uses: Readonly<Record<string, (value: unknown) => unknown>> = {
    'is compared': (given) =>
      compareJson(given, given, { ignoreExtra: false, numberTolerance: 0, listAtMost: 10 }),
    'is compared with another': (given) =>
      compareJson(given, [], { ignoreExtra: false, numberTolerance: 0, listAtMost: 10 }),
    'is looked at': (given) => isPlain(given),
    'is tagged': (given) => toTagged(given),
    'is hashed': (given) => stableHash(given),
    'is redacted': (given) => redactPayload({ list: given }),
    'is cleared of secrets': (given) => secrets.clear(given),
  };

  it.each(Object.entries(uses))('%s in time in proportion to its size, or refused', (_use, use) => {
    const slow = Object.entries(shapes).flatMap(([name, make]) => {
      const values = new Map([1000, 25_000, 200_000].map((length) => [length, make(length)]));
      const found = grows((length) => {
        try {
          return use(values.get(length));
        } catch (error) {
          if (error instanceof RangeError) return undefined; // deeper than any stack or store
          throw error;
        }
      });
      return found === undefined ? [] : [`${name}: ${found}`];
    });
    expect(slow).toEqual([]);
  });

  it('that is nested deeper than the stack is compared all the same', () => {
    const [deep, other] = [value(200_000, 99_000, '1'), value(200_000, 99_000, '2')];
    const options = { ignoreExtra: false, numberTolerance: 0, listAtMost: 10 };
    expect(compareJson(deep, deep, options).differences).toEqual([]);
    expect(compareJson(deep, other, options).differences).toHaveLength(10);
  });
});

describe('a table of many columns', () => {
  const cost = async (columns: number): Promise<number> => {
    const names = Array.from({ length: columns }, (_, i) => `c${i}`).join(',');
    const begun = process.cpuUsage();
    for await (const { id } of readCsv([`id,input,${names}\na,x${',1'.repeat(columns)}\n`]))
      expect(id).toBe('a');
    return process.cpuUsage(begun).user / 1000;
  };

  it('takes time in proportion to them', async () => {
    await cost(1000);
    const small = Math.min(await cost(10_000), await cost(10_000));
    const large = Math.min(await cost(80_000), await cost(80_000));
    expect(large).toBeLessThan(Math.max(250, 24 * Math.max(small, 1)));
  });
});
