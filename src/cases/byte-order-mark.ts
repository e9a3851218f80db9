const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** The chunks of UTF-8 without a byte order mark at the beginning, wherever they are cut. */
export async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let start: Buffer | undefined = Buffer.alloc(0); // what may become a mark
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    const head: Buffer = Buffer.concat([start, chunk]);
    const length = Math.min(head.length, BYTE_ORDER_MARK.length);
    const isMark = head.subarray(0, length).equals(BYTE_ORDER_MARK.subarray(0, length));
    start = isMark && length < BYTE_ORDER_MARK.length ? head : undefined;
    if (start === undefined) yield isMark ? head.subarray(length) : head;
  }
  if (start !== undefined && start.length > 0) yield start;
}
