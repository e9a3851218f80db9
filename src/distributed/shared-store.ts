import { invalidOption, type OptionCheck } from '../foundation/options.js';
import type { ResultStore } from '../stores/result-store.js';
import type { SharedResultStore } from '../stores/run-work.js';

/** What a store must be for many workers to share a run through it. */
export const sharedStore: OptionCheck = (value) => {
  const work = (value as Partial<SharedResultStore> | null | undefined)?.work as
    { takeTurns?: unknown } | undefined;
  return typeof work === 'object' && typeof work.takeTurns === 'function'
    ? undefined
    : 'a store that many workers can share runs through: PostgresResultStore of assaykit/postgres';
};

/** Checks the store of `owner`. @throws AssayError `ASSAY_INVALID_OPTION`. */
export function checkSharedStore(owner: string, store: ResultStore): SharedResultStore {
  const error = invalidOption(owner, { name: 'store', value: store, check: sharedStore });
  if (error !== undefined) throw error;
  return store as SharedResultStore;
}
