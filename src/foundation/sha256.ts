import { nodeCrypto } from './late-modules.js';

/** SHA-256 of texts one after the other (as UTF-8), as 64 hex digits. */
export function sha256(...texts: readonly string[]): string {
  const hash = nodeCrypto().createHash('sha256');
  for (const text of texts) hash.update(text);
  return hash.digest('hex');
}
