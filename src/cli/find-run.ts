import type { ResultStore } from '../stores/result-store.js';
import type { RunRecord } from '../stores/run-record.js';
import { CommandError } from './command-error.js';
import { EXIT } from './exit-codes.js';
import { localTime } from './local-time.js';
import { things } from '../foundation/counted.js';

const MOST_CANDIDATES = 10;

/**
 * The run that a word means: an id, the beginning of the id of one run only, `latest`, or `latest~N` for the Nth before it.
 * `id:WORD` takes the word for an id, whatever it looks like.
 *
 * @throws CommandError when there is none, or several, which are named; and for an empty word: a variable of a shell that was
 *   not set must not mean whatever run there is.
 */
export async function findRun(store: Pick<ResultStore, 'runs'>, word: string): Promise<RunRecord> {
  if (word === '') throw new CommandError('Expected the id of a run, got an empty word');
  if (word.startsWith('id:')) return (await runOfId(store, word.slice(3))) ?? notFound(store, word.slice(3));
  const exact = await runOfId(store, word);
  const back = /^latest(?:~(\d{1,9}))?$/.exec(word);
  if (back !== null) {
    const newest = await nthNewest(store, Number(back[1] ?? 0), word);
    if (exact === undefined || exact.manifest.runId === newest.manifest.runId) return newest;
    throw ambiguous(word, [newest, exact], `; write id:${word} for the one of that name`);
  }
  if (exact !== undefined) return exact;
  const candidates: RunRecord[] = [];
  for await (const record of store.runs()) {
    if (record.manifest.runId.startsWith(word)) candidates.push(record);
    if (candidates.length > MOST_CANDIDATES) break;
  }
  const [first, second] = candidates;
  if (first === undefined) return notFound(store, word);
  if (second !== undefined) throw ambiguous(word, candidates, '; write more of it');
  return first;
}

async function runOfId(store: Pick<ResultStore, 'runs'>, runId: string): Promise<RunRecord | undefined> {
  for await (const record of store.runs({ runId, limit: 1 })) return record;
  return undefined;
}

async function nthNewest(store: Pick<ResultStore, 'runs'>, back: number, word: string): Promise<RunRecord> {
  let seen = 0;
  for await (const record of store.runs({ limit: back + 1 })) if (seen++ === back) return record;
  throw new CommandError(
    seen === 0
      ? 'The store has no runs: make one by `assaykit run`'
      : `No run ${word}: the store has ${things(seen, 'run')}`,
    { exitCode: EXIT.notFound },
  );
}

async function notFound(store: Pick<ResultStore, 'runs'>, word: string): Promise<never> {
  let newest: string | undefined;
  for await (const { manifest } of store.runs({ limit: 1 })) newest = manifest.runId;
  const hint =
    newest === undefined
      ? 'the store has none'
      : `the newest is ${JSON.stringify(newest)}; \`assaykit runs\` lists them`;
  throw new CommandError(`No run ${JSON.stringify(word)}: ${hint}`, { exitCode: EXIT.notFound });
}

function ambiguous(word: string, candidates: readonly RunRecord[], hint: string): CommandError {
  const named = candidates
    .slice(0, MOST_CANDIDATES)
    .map(({ manifest }) => `${JSON.stringify(manifest.runId)} (${localTime(manifest.startedAt)})`);
  const more = candidates.length > MOST_CANDIDATES ? ' and more' : '';
  return new CommandError(`${JSON.stringify(word)} may be ${named.join(', ')}${more}${hint}`, {
    exitCode: EXIT.notFound,
  });
}
