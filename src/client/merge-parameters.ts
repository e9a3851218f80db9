import type { ModelParameters } from './model-client.js';

/**
 * Parameters that are shared, with those of one request on top; an explicit `undefined` means "as shared", also within
 * `extraBody`.
 */
export function mergeParameters(
  shared: ModelParameters | undefined,
  own: ModelParameters | undefined,
): ModelParameters | undefined {
  if (own === undefined) return shared;
  if (shared === undefined) return own;
  const merged = ownOverShared(shared, own);
  if (shared.extraBody === undefined || own.extraBody === undefined) return merged;
  return { ...merged, extraBody: ownOverShared(shared.extraBody, own.extraBody) };
}

function ownOverShared<Members extends object>(shared: Members, own: Members): Members {
  const given = Object.entries(own);
  if (given.every(([, value]) => value !== undefined)) return { ...shared, ...own };
  return { ...shared, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) };
}
