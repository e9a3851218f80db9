import { nodeCrypto } from '../../foundation/late-modules.js';
import { storableText } from '../storable-text.js';

/** An entry of an index holds at most 2,704 bytes, and two of these texts. */
const MOST_BYTES = 1000;
const KEPT_BYTES = 900;
/** No {@link storableText} has an `h` behind U+001A. */
const HASHED = '\u001ah';

/**
 * The form of an id or a model's name in the columns that indexes hold: itself, save for what text columns refuse. A
 * longer one is cut off and ends with its hash; results have it whole in their details.
 */
export function keyText(text: string): string {
  const stored = storableText(text);
  if (stored.length * 3 <= MOST_BYTES) return stored;
  const bytes = Buffer.from(stored);
  if (bytes.length <= MOST_BYTES) return stored;
  return `${beginning(bytes)}${HASHED}${nodeCrypto().hash('sha256', stored, 'base64url')}`;
}

/** What the {@link keyText} of every text with this prefix begins with; `exact`: of no other. */
export function keyPrefix(prefix: string): { readonly text: string; readonly exact: boolean } {
  const stored = storableText(prefix);
  if (stored.length * 3 <= KEPT_BYTES) return { text: stored, exact: true };
  const bytes = Buffer.from(stored);
  return bytes.length <= KEPT_BYTES
    ? { text: stored, exact: true }
    : { text: beginning(bytes), exact: false };
}

/** As many whole characters as fit. */
function beginning(bytes: Buffer): string {
  let end = KEPT_BYTES;
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
