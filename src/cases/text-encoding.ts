/**
 * How the text of a file is encoded. `latin1` is ISO 8859-1 byte for byte, `windows-1252` what Windows makes of it
 * (with € and curly quotes); `utf-16` goes by its byte order mark, without one it is little-endian.
 */
export type TextEncoding = 'utf-8' | 'utf-16' | 'utf-16le' | 'utf-16be' | 'latin1' | 'windows-1252';

/** All encodings that are read. */
export const TEXT_ENCODINGS: readonly TextEncoding[] = [
  'utf-8',
  'utf-16',
  'utf-16le',
  'utf-16be',
  'latin1',
  'windows-1252',
];

/** Where windows-1252 is not ISO 8859-1: 0x80 to 0x9F, as the WHATWG Encoding Standard has it. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * The chunks of a text as UTF-8, wherever they are cut.
 *
 * @throws TypeError for UTF-16 with half a character; what comes before it is given first.
 */
export async function* toUtf8(
  chunks: AsyncIterable<Buffer>,
  encoding: TextEncoding,
): AsyncGenerator<Buffer, void, undefined> {
  if (encoding === 'utf-8') {
    yield* chunks;
    return;
  }
  if (encoding === 'latin1' || encoding === 'windows-1252') {
    for await (const chunk of chunks) {
      const text = chunk.toString('latin1');
      yield Buffer.from(encoding === 'latin1' ? text : text.replace(/[\u0080-\u009f]/g, fromWindows));
    }
    return;
  }
  let order = encoding;
  let rest = Buffer.alloc(0);
  let high = '';
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const even = bytes.length - (bytes.length % 2);
    rest = Buffer.from(bytes.subarray(even));
    if (even === 0) continue;
    if (order === 'utf-16') order = bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-16le';
    const units = Buffer.from(bytes.subarray(0, even)); // swapped in place: the host's chunk stays as it is
    const text = high + (order === 'utf-16be' ? units.swap16() : units).toString('utf16le');
    const cut = /[\ud800-\udbff]$/.test(text) ? text.length - 1 : text.length;
    high = text.slice(cut);
    yield* wellFormed(text.slice(0, cut));
  }
  if (rest.length > 0 || high !== '') throw halfACharacter();
}

const fromWindows = (character: string): string => WINDOWS[character.charCodeAt(0) - 0x80]!;

function* wellFormed(text: string): Generator<Buffer, void, undefined> {
  const lone = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.exec(text);
  yield Buffer.from(lone === null ? text : text.slice(0, lone.index));
  if (lone !== null) throw halfACharacter();
}

const halfACharacter = (): TypeError => new TypeError('the text is not valid UTF-16: half a character');
