/**
 * SHA-256 of texts one after the other (as UTF-8), as 64 hex digits.
 *
 * `node:crypto` is loaded by the first call, as other built-in modules that only some hosts need: imported, the four of
 * them made up 7 % of the time that a script takes to start.
 */
export function sha256(...texts: readonly string[]): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  for (const text of texts) hash.update(text);
  return hash.digest('hex');
}
