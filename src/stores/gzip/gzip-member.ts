import { zlib } from '../../foundation/late-modules.js';

/**
 * A gzip member (RFC 1952) whose header carries, in the extra field `AK`, its own length and how many lines it
 * holds. So a file of members can be walked and repaired without inflating it, while every gzip tool still
 * reads it.
 *
 * | bytes | what |
 * |---|---|
 * | 0-9 | fixed: deflate, FEXTRA, no time, unknown system |
 * | 10-15 | fixed: extra field of 12 bytes, `AK`, 8 bytes |
 * | 16-19 | length of the member, little endian |
 * | 20-23 | lines in it, little endian |
 * | 24- | deflated lines, then CRC-32 and length of the text |
 */
const SIGNATURE = Buffer.from([0x1f, 0x8b, 0x08, 0x04, 0, 0, 0, 0, 0, 0xff, 12, 0, 0x41, 0x4b, 8, 0]);

/** Bytes before the deflated data. */
export const MEMBER_HEADER_BYTES = 24;
const TRAILER_BYTES = 8;
const SMALLEST_MEMBER = MEMBER_HEADER_BYTES + 2 + TRAILER_BYTES;

/** Where a member lies in its file. */
export interface MemberLocation {
  readonly offset: number;
  readonly length: number;
  /** Lines in it. */
  readonly rows: number;
}

/** Bytes that belong to no whole member. */
export interface DamagedRange {
  readonly offset: number;
  readonly length: number;
  /** Whether nothing follows: an append that did not finish. */
  readonly tail: boolean;
}

/** Builds a member from deflated (raw) lines. */
export function frameMember(
  deflated: Uint8Array,
  { content, rows }: { readonly content: Uint8Array; readonly rows: number },
): Uint8Array<ArrayBuffer> {
  const length = MEMBER_HEADER_BYTES + deflated.length + TRAILER_BYTES;
  const member = new Uint8Array(new ArrayBuffer(length));
  member.set(SIGNATURE);
  const view = new DataView(member.buffer);
  view.setUint32(16, length, true);
  view.setUint32(20, rows, true);
  member.set(deflated, MEMBER_HEADER_BYTES);
  view.setUint32(length - 8, zlib().crc32(content), true);
  view.setUint32(length - 4, content.length, true); // modulo 2^32, as RFC 1952 has it
  return member;
}

/**
 * Walks the members of a file from `from` to `size`. `read` gives the bytes of a range. Members come in order;
 * what lies between them and at the end is reported as damage. The checks of the content (CRC) are the
 * reader's.
 */
export function* walkMembers(
  read: (offset: number, length: number) => Buffer,
  from: number,
  size: number,
): Generator<MemberLocation | DamagedRange, void, undefined> {
  let offset = from;
  while (offset < size) {
    const header = headerAt(read, offset, size);
    // A damaged length reaches into the members behind it, or ends where none begins; the checksum tells then.
    const inside =
      header === undefined || header.end === size || hasSignature(read, header.end, size)
        ? undefined
        : findSignature(read, offset + 1, header.end);
    if (header !== undefined && inside === undefined) {
      yield { offset, length: header.end - offset, rows: header.rows };
      offset = header.end;
      continue;
    }
    const next = inside ?? findSignature(read, offset + 1, size);
    yield { offset, length: (next ?? size) - offset, tail: next === undefined };
    offset = next ?? size;
  }
}

/** Whether a part of {@link walkMembers} is damage. */
export function isDamaged(part: MemberLocation | DamagedRange): part is DamagedRange {
  return 'tail' in part;
}

/** Whether a file is one of these, as far as it goes: it begins with a header or with a part of one. */
export function beginsWithMember(read: (offset: number, length: number) => Buffer, size: number): boolean {
  return hasSignature(read, 0, size);
}

function headerAt(
  read: (offset: number, length: number) => Buffer,
  offset: number,
  size: number,
): { readonly end: number; readonly rows: number } | undefined {
  if (offset + SMALLEST_MEMBER > size) return undefined;
  const header = read(offset, MEMBER_HEADER_BYTES);
  if (!header.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return undefined;
  const length = header.readUInt32LE(16);
  if (length < SMALLEST_MEMBER || offset + length > size) return undefined;
  return { end: offset + length, rows: header.readUInt32LE(20) };
}

/** A header that is cut short by the end of the file counts: what it belongs to is torn, what is before it not. */
function hasSignature(
  read: (offset: number, length: number) => Buffer,
  offset: number,
  size: number,
): boolean {
  const bytes = read(offset, Math.min(SIGNATURE.length, size - offset));
  return bytes.equals(SIGNATURE.subarray(0, bytes.length));
}

function findSignature(
  read: (offset: number, length: number) => Buffer,
  from: number,
  size: number,
): number | undefined {
  const windowBytes = 1 << 20;
  for (let start = from; start < size; start += windowBytes) {
    const bytes = read(start, Math.min(windowBytes + SIGNATURE.length, size - start));
    const found = bytes.indexOf(SIGNATURE);
    if (found !== -1) return start + found;
  }
  return undefined;
}
