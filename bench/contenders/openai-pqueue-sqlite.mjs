// What people write by hand: the openai client, p-queue, and one better-sqlite3 insert for each result (WAL).
import { join } from 'node:path';
import Database from 'better-sqlite3';
import OpenAI from 'openai';
import PQueue from 'p-queue';
import { arrayOfCases, chatBody } from '../cases.mjs';

export async function run({ url, n, c, length, done, dir }) {
  const client = new OpenAI({ apiKey: 'test', baseURL: `${url}/v1` });
  const queue = new PQueue({ concurrency: c });
  const database = new Database(join(dir, 'results.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.exec(
    'CREATE TABLE results (id INTEGER PRIMARY KEY, case_id TEXT, output TEXT, score REAL, ms REAL)',
  );
  const insert = database.prepare('INSERT INTO results (case_id, output, score, ms) VALUES (?, ?, ?, ?)');
  const results = [];
  for (const each of arrayOfCases(n, { length })) {
    queue.add(async () => {
      const startedAt = performance.now();
      const reply = await client.chat.completions.create(chatBody(each));
      const output = reply.choices[0].message.content;
      const score = output === each.expected ? 1 : 0;
      insert.run(each.id, output, score, performance.now() - startedAt);
      results.push({ id: each.id, score });
      done(score === 1);
    });
  }
  await queue.onIdle();
  database.close();
  return results;
}
