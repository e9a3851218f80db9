import { isModelClient } from '../client/model-client.js';
import { nodeCrypto } from '../foundation/late-modules.js';
import { stableHash } from '../foundation/stable-hash.js';
import type { ResolvedBatchOptions } from './batch-options.js';

/**
 * What the answers of a target are cached under, so that no other target gets them. A name says nothing: all functions
 * that are written in place are called `target`, and two clients may ask for one model on different servers. Whoever
 * has no identity, by itself or by `cacheIdentity`, gets one that nobody else has.
 */
export function cacheIdentityOf<Input, Expected, Metadata>(
  options: ResolvedBatchOptions<Input, Expected, Metadata>,
): string {
  const target: unknown = options.target;
  const client = isModelClient(target) ? target : undefined;
  const name = client === undefined ? (target as { readonly name: string }).name : undefined;
  const identity = options.cacheIdentity ?? client?.cacheIdentity ?? nodeCrypto().randomUUID();
  return stableHash([identity, name, options.model, options.parameters]);
}
