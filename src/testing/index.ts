/**
 * Helpers for the tests of programs that use this package: a fake model server, a clock that stands still, the
 * contract of result stores as a test suite, and faults for files and databases.
 *
 * @module
 */
export {
  startFakeModelServer,
  type FakeModelServer,
  type FakeModelServerStats,
} from './fake-model-server.js';
export type {
  FakeAnswer,
  FakeFault,
  FakeModelRequest,
  FakeModelServerOptions,
  FakeReply,
  FakeToolCall,
} from './fake-options.js';
export {
  failAt,
  faultyDatabase,
  faultyFileSystem,
  type Fault,
  type FaultOperation,
  type FaultOptions,
  type FaultPlan,
} from './faults.js';
export { ManualClock } from './manual-clock.js';
export { testResultStore, type ResultStoreTestOptions, type TestFunction } from './result-store-contract.js';
export type { FileSystem, WritableFile } from '../stores/gzip/file-system.js';
