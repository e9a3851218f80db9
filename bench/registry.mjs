// Every contender: where its packages live, which file runs it, and how far it is sent.
import { fileURLToPath } from 'node:url';

/** The contenders' packages, a folder each below the folder that `setup.mjs` fills; exact, so that figures can be compared. */
export const PEER_FOLDERS = {
  openai: ['openai@6.10.0', 'p-queue@9.3.5', 'better-sqlite3@12.11.1'],
  braintrust: ['braintrust@3.35.0'],
  promptfoo: ['promptfoo@0.121.20'], // the newest line that accepts Node 20
  evalite: ['evalite@0.19.0', 'vitest@4.1.12'],
};

const here = fileURLToPath(new URL('.', import.meta.url));
const contender = (file, more = {}) => ({ file, options: {}, folder: null, maxN: Infinity, ...more });

/**
 * `folder: null` runs from the project itself. `maxN` leaves out sizes that would take longer than the figure is worth;
 * `cpuOfTree` counts child processes too; `environment` is added to the process's.
 */
export const CONTENDERS = {
  'undici.request': contender('undici-request.mjs'),
  'Pool.dispatch': contender('undici-dispatch.mjs'),
  fetch: contender('global-fetch.mjs'),
  'assaykit, SQLite': contender('assaykit.mjs', { options: { store: 'sqlite' } }),
  'assaykit, memory': contender('assaykit.mjs', { options: { store: 'memory' } }),
  'assaykit, gzip': contender('assaykit.mjs', { options: { store: 'gzip' } }),
  'assaykit, no store': contender('assaykit.mjs', { options: { store: 'none' } }),
  'openai + p-queue + SQLite WAL': contender('openai-pqueue-sqlite.mjs', { folder: 'openai' }),
  'Braintrust Eval': contender('braintrust.mjs', { folder: 'braintrust' }),
  'promptfoo, memory': contender('promptfoo.mjs', {
    folder: 'promptfoo',
    options: { database: false },
    maxN: 10_000,
    environment: ({ c }) => ({ PROMPTFOO_FETCH_CONNECTIONS: `${c}` }),
  }),
  'promptfoo, database': contender('promptfoo.mjs', {
    folder: 'promptfoo',
    options: { database: true },
    maxN: 10_000,
    environment: ({ c }) => ({ PROMPTFOO_FETCH_CONNECTIONS: `${c}` }),
  }),
  evalite: contender('evalite.mjs', {
    folder: 'evalite',
    maxN: 1000,
    cpuOfTree: true,
    environment: () => ({ NODE_ENV: 'test' }),
  }),
};

/** All ratios are to this one. */
export const BASE = 'undici.request';

/** Folder of the contenders' files. */
export const CONTENDER_FILES = `${here}contenders/`;
