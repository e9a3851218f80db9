import { deserialize, serialize } from 'node:v8';
import type { CaseResult } from '../../evaluation/evaluation-types.js';
import { nextTurn } from '../../foundation/event-loop-turns.js';
import { decodeResult, encodeResult } from '../result-codec.js';

/** Encoding so many takes 1 ms; the 500 of an append at once blocked the event loop for up to 10 to 20 ms. */
const PART_RESULTS = 100;

/**
 * Results in V8's own format, in buffers that can be moved to another thread, with a turn of the event loop between
 * two parts. Costs what posting the results themselves does, and whatever cannot be encoded shows before anything is
 * posted: an append arrives whole or not at all.
 */
export async function encodeInParts(results: readonly CaseResult[]): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for (let first = 0; first < results.length; first += PART_RESULTS) {
    if (first > 0) await nextTurn();
    parts.push(encodePart(results.slice(first, first + PART_RESULTS)));
  }
  return parts;
}

/** The results of a part. */
export function decodePart(part: Uint8Array): CaseResult[] {
  return deserialize(part) as CaseResult[];
}

function encodePart(results: readonly CaseResult[]): Uint8Array {
  try {
    return movable(serialize(results));
  } catch {
    // Something in a host's metadata cannot be copied between threads; its stored form can.
    return movable(serialize(results.map((result) => decodeResult(encodeResult(result)))));
  }
}

/** Bun encodes into shared memory, which no thread can be given. */
function movable(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? new Uint8Array(bytes) : bytes;
}
