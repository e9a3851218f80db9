// evalite through its Node API, which starts vitest with worker processes; results in its in-memory storage.
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { createInMemoryStorage } from 'evalite/in-memory-storage';
import { runEvalite } from 'evalite/runner';

export async function run({ url, n, c, length, done, dir }) {
  const here = fileURLToPath(new URL('..', import.meta.url));
  if (!existsSync(join(dir, 'node_modules')))
    symlinkSync(join(here, '../node_modules'), join(dir, 'node_modules'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module","private":true}');
  writeFileSync(
    join(dir, 'evalite.config.ts'),
    `export default { maxConcurrency: ${c}, testTimeout: 60000 }\n`,
  );
  writeFileSync(
    join(dir, 'bench.eval.ts'),
    `import { evalite } from 'evalite';
import { arrayOfCases, chatBody } from ${JSON.stringify(join(here, 'cases.mjs'))};
evalite('bench', {
  data: () => arrayOfCases(${n}, { length: ${length} }).map(({ prompt, expected }) => ({ input: prompt, expected })),
  task: async (prompt) => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify(chatBody({ prompt }));
    const reply = await fetch('${url}/v1/chat/completions', { method: 'POST', headers, body });
    return (await reply.json()).choices[0].message.content;
  },
  scorers: [{ name: 'exact', scorer: ({ output, expected }) => (output === expected ? 1 : 0) }],
});
`,
  );
  const storage = createInMemoryStorage();
  const create = storage.scores.create.bind(storage.scores);
  storage.scores.create = async (score) => {
    done(score.score === 1);
    return create(score);
  };
  const { exit } = process; // evalite ends the process when it is done
  process.exit = () => {};
  try {
    const silent = new Writable({ write: (_chunk, _encoding, callback) => callback() });
    await runEvalite({
      mode: 'run-once-and-exit',
      cwd: dir,
      storage,
      hideTable: true,
      disableServer: true,
      testOutputWritable: silent,
    });
  } finally {
    process.exit = exit;
  }
  return { storage };
}
