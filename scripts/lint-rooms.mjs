// Writes the import rules of `.oxlintrc.json` from the one table of rooms, `scripts/rooms.json`: from the ground up, each
// folder of `src` with the rooms whose values it may use and the rooms of which it may know types.
//
//   node scripts/lint-rooms.mjs              writes
//   node scripts/lint-rooms.mjs --check      only compares; exit code 1 when the rules are not those of the table
import { readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const RULES = fileURLToPath(new URL('../.oxlintrc.json', import.meta.url));
const rooms = JSON.parse(readFileSync(new URL('./rooms.json', import.meta.url), 'utf8'));
const names = Object.keys(rooms);

/** Files of `src` that only gather names for `package.json#exports`. */
const DOORS = [
  'index',
  'agents',
  'bullmq',
  'cli',
  'dashboard',
  'decisions',
  'matchers',
  'postgres',
  'prompts',
  'report',
  'retrieval',
  'sqlite',
  'statistics',
];

/** How a file of a room may write the folder of another: `../http`, `./call`, `..`. The linter sees the text, not the file. */
function written(from, to) {
  const path = posix.relative(from, to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** A pattern for imports of files that lie in any of the rooms. */
const filesOf = (from, targets) =>
  `^(?:${targets.map((to) => written(from, to).replaceAll('.', '\\.')).join('|')})/[^/]+$`;

/** The rule that keeps one room below the others. */
function importRule(room) {
  const { values, types, pure } = rooms[room];
  const unknown = [...values, ...types].filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`scripts/rooms.json: ${room} knows ${unknown}, which has no entry`);
  const patterns = [];
  const refused = names.filter((name) => name !== room && !values.includes(name) && !types.includes(name));
  if (refused.length > 0)
    patterns.push({
      regex: filesOf(room, refused),
      message: `src/${room} must not know this room: see scripts/rooms.json and docs/architecture.md.`,
    });
  if (types.length > 0)
    patterns.push({
      regex: filesOf(room, types),
      allowTypeImports: true,
      message: `src/${room} may take only types from this room (\`import type\`): see scripts/rooms.json.`,
    });
  patterns.push({
    regex: `^(?:${written(room, '.').replaceAll('.', '\\.')})/(?:${DOORS.join('|')})\\.js$`,
    message: "Rooms do not import the package's doors.",
  });
  if (pure === true)
    patterns.push({
      regex: '^[^.]',
      message: `src/${room} decides only: it knows no package and no Node module.`,
    });
  return { 'no-restricted-imports': ['error', { patterns }] };
}

/** What a room that only decides may not reach for: time and chance are handed in. */
const PURE = {
  'no-restricted-globals': [
    'error',
    'fetch',
    'performance',
    'process',
    'queueMicrotask',
    'setImmediate',
    'setInterval',
    'setTimeout',
  ],
};

const rules = JSON.parse(readFileSync(RULES, 'utf8'));
rules.overrides = [
  ...rules.overrides.filter(({ rules: held }) => !('no-restricted-imports' in held)),
  {
    files: ['src/errors.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^\\.', message: 'src/errors.ts imports nothing of the package.' }] },
      ],
    },
  },
  ...names.map((room) => ({
    files: [`src/${room}/*.ts`],
    rules: { ...importRule(room), ...(rooms[room].pure === true && PURE) },
  })),
];
const text = await format(JSON.stringify(rules), {
  ...(await resolveConfig(RULES)),
  filepath: RULES,
  parser: 'json',
});
if (!process.argv.includes('--check')) writeFileSync(RULES, text);
else if (readFileSync(RULES, 'utf8') !== text) {
  console.error('.oxlintrc.json does not say what scripts/rooms.json says: node scripts/lint-rooms.mjs');
  process.exitCode = 1;
}
