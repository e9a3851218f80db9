import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServerSentEvents } from '../../../src/client/http/server-sent-events.js';

// The same bytes through eventsource-parser, which most clients of model APIs read streams with, and through ours.

interface Seen {
  readonly data: string;
  readonly failed: boolean;
}

/** Ends whatever event is open in both: the library never gives one that no empty line has ended. */
const END = Buffer.from('\n\n');

function byOurs(pieces: readonly Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const events = new ServerSentEvents(1 << 20, {
    data: (data, failed) => seen.push({ data, failed }),
    stray: () => {}, // what is no field of the standard: the library ignores it
  });
  for (const piece of [...pieces, END]) events.push(piece);
  events.end();
  return seen;
}

function byLibrary(pieces: readonly Buffer[]): Seen[] {
  const seen: Seen[] = [];
  const parser = createParser({
    onEvent: ({ data, event }) =>
      seen.push({ data, failed: event !== undefined && /^\s*error\s*$/i.test(event) }),
  });
  const decoder = new TextDecoder(); // takes off the mark at the beginning
  for (const piece of [...pieces, END]) parser.feed(decoder.decode(piece, { stream: true }));
  return seen;
}

/** `bytes` cut before each of the `places`. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
}

const text = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '  two',
    '{"a":1}',
    '[DONE]',
    ':',
    'data: nested',
    'é',
    '日本',
    '🙂',
    '\t',
    '\uFEFF',
  ),
  fc.string({ maxLength: 6 }).map((any) => any.replaceAll(/[\r\n]/g, '')),
);
const line = fc.oneof(
  { weight: 6, arbitrary: text.map((value) => `data: ${value}`) },
  { weight: 3, arbitrary: text.map((value) => `data:${value}`) },
  { weight: 4, arbitrary: fc.constant('') },
  fc.constantFrom('data', 'event', 'id', 'retry', ':', 'data ', ' data: x', 'DATA: x', 'dat: x'),
  fc.constantFrom('event: error', 'event:error', 'event: message', 'event:', 'event: delta'),
  text.map((value) => `: ${value}`),
  text.map((value) => `id: ${value}`),
  fc.constantFrom('retry: 10', 'retry: soon', 'retry:'),
);
const stream = fc
  .tuple(
    fc.constantFrom('', '\uFEFF'),
    fc.array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 14 }),
  )
  .map(([mark, lines]) => Buffer.from(mark + lines.map(([each, end]) => each + end).join('')));

describe('server-sent events against eventsource-parser', () => {
  it('gives the same data and the same failures, however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (bytes, places) => {
        const pieces = cut(bytes, places);
        expect(byOurs(pieces)).toEqual(byLibrary(pieces));
      }),
      { numRuns: 3000 },
    );
  });

  const whole = Buffer.from(
    '\uFEFF: comment\r\nid: 7\revent: delta\ndata: {"text":"é日🙂"}\r\ndata: second\r\n\r\n' +
      'event: error\rdata:{"error":{}}\r\rretry: 10\ndata\n\ndata: [DONE]\n\n',
  );

  it('gives the same at every cut of one stream into two, and byte by byte', () => {
    const expected = byLibrary([whole]);
    expect(expected).toEqual([
      { data: '{"text":"é日🙂"}\nsecond', failed: false },
      { data: '{"error":{}}', failed: true },
      { data: '', failed: false },
      { data: '[DONE]', failed: false },
    ]);
    for (let at = 0; at <= whole.length; at++) expect(byOurs(cut(whole, [at]))).toEqual(expected);
    expect(byOurs(Array.from(whole, (byte) => Buffer.of(byte)))).toEqual(expected);
  });
});
