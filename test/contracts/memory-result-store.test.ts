import { describe, it } from 'vitest';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';
import { testResultStore } from '../../src/testing/result-store-contract.js';

describe('MemoryResultStore', () => {
  testResultStore(it, () => new MemoryResultStore());
});
