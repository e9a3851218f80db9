/**
 * How often the defaults read what a reader reads: over real answers whose final answer was written down by reading.
 *
 *   npm run build && node bench/scorers/answers.mjs [--part development|kept|all] [--show] [--json] [--write]
 *
 * right: the same answer, or rightly none. misjudged: another answer. missed: none where there is one. invented: one
 * where there is none. `weighted` restores the sources' own mix. A third of the rows, by a hash of the id, is the part
 * `kept`: the rules were made without it. `--show` lists what is not right (of the part `development` only).
 * Needs the answers (ASSAYKIT_DATA, or ../shared/data). `--write` puts the table into docs/guides/scorers.md.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import * as assaykit from 'assaykit';
import { judgeReaders } from './judge-forms.mjs';

const GUIDE = new URL('../../docs/guides/scorers.md', import.meta.url);
const folder = resolve(process.env.ASSAYKIT_DATA ?? '../shared/data', 'answers');
if (!existsSync(folder)) {
  console.error(`No answers at ${folder}; set ASSAYKIT_DATA.`);
  process.exit(2);
}
const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
const part = process.argv.includes('--part') ? argument('--part') : 'all';
const show = process.argv.includes('--show') && part === 'development';

const isKept = (id) =>
  Number.parseInt(createHash('sha256').update(id).digest('hex').slice(0, 8), 16) % 3 === 0;
const inPart = ({ id }) => part === 'all' || isKept(id) === (part === 'kept');
const rowsOf = (kind) =>
  readFileSync(resolve(folder, `${kind}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ gold }) => gold !== 'unclear')
    .filter(inPart);

const argsOf = (row, expected) => ({
  input: row.question ?? 'question',
  output: row.output,
  expected,
  metadata: { options: row.options },
  response: { text: row.output, finishReason: row.finishReason ?? 'other', usage: null, cost: null },
});

/** What the scorer found; `null` when it found nothing. Expected answers only say which style of writing to read. */
const labelOf = async (scorer, row, expected) => {
  const said = await scorer(argsOf(row, expected));
  return said?.label ?? null;
};

const sameNumber = (label, gold) => gold.split('|').some((each) => valueOf(label) === valueOf(each));
const valueOf = (text) => {
  const [top, bottom = '1'] = text.split('/');
  return Number(top) / Number(bottom);
};

const choiceReader = (options) => ({
  rows: rowsOf('choice'),
  read: (row) => labelOf(assaykit.choice({ letters: row.letters, ...options }), row, row.letters[0]),
  same: (label, gold) => label === gold,
});

const SWITCH = ['switch', 'switching', 'swap', 'swapping', 'change'];
const STAY = ['stay', 'staying', 'stick', 'sticking', 'keep', 'keeping'];
const asksToSwitch = (question) => /\b(?:switch|swap|stick)(?:p?ing)?\b/i.test(question ?? '');
const yesNo = assaykit.yesNo?.();
const switchOrStay = assaykit.yesNo?.({ words: { yes: SWITCH, no: STAY } });
const YES = new Set(['yes', 'true', 'switch']);

const jsonReader = {
  rows: rowsOf('json'),
  read: async (row) => {
    const expected = row.gold === 'none' ? { nothing: 'of this kind' } : row.gold.value;
    const said = await assaykit.jsonMatch({ parseExpected: false })(argsOf(row, expected));
    if (said.score === 1 || said === true) return 'value';
    return said.metadata?.differences === undefined && said.score !== 1 ? null : 'other value';
  },
  same: (label) => label === 'value',
};

const readers = {
  choice: choiceReader({}),
  'choice, option texts': choiceReader({ options: 'options' }),
  number: {
    rows: rowsOf('number'),
    read: (row) => labelOf(assaykit.number(), row, row.gold === 'none' ? '1' : row.gold.split('|')),
    same: sameNumber,
  },
  'yes or no': {
    rows: rowsOf('short'),
    read: (row) => labelOf(asksToSwitch(row.question) ? switchOrStay : yesNo, row, 'yes'),
    same: (label, gold) => (label === 'yes') === YES.has(gold),
  },
  JSON: jsonReader,
  ...judgeReaders(assaykit, rowsOf('judge')),
};

async function tally({ rows, read, same }) {
  const count = { right: 0, misjudged: 0, missed: 0, invented: 0 };
  const weight = { right: 0, misjudged: 0, missed: 0, invented: 0 };
  const wrong = [];
  for (const row of rows) {
    const label = await read(row);
    const kind =
      row.gold === 'none'
        ? label === null
          ? 'right'
          : 'invented'
        : label === null
          ? 'missed'
          : same(label, row.gold)
            ? 'right'
            : 'misjudged';
    count[kind]++;
    weight[kind] += row.weight;
    if (kind !== 'right')
      wrong.push({ id: row.id, kind, gold: row.gold, label, source: row.source, note: row.note });
  }
  const total = Object.values(weight).reduce((sum, each) => sum + each, 0);
  return { rows: rows.length, count, weight, total, wrong };
}

const percent = (value, of) => (of === 0 ? '' : ((100 * value) / of).toFixed(1));
const table = [
  '| what | answers | right | misjudged | missed | invented | right, weighted | misjudged, weighted |',
];
table.push('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
const figures = {};
for (const [name, reader] of Object.entries(readers)) {
  if (reader.rows.length === 0) continue;
  let found;
  try {
    found = await tally(reader);
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    continue;
  }
  figures[name] = found;
  const shares = Object.values(found.count).map((each) => `${percent(each, found.rows)} %`);
  const weighted = [found.weight.right, found.weight.misjudged].map(
    (each) => `${percent(each, found.total)} %`,
  );
  table.push(`| ${[name, found.rows, ...shares, ...weighted].join(' | ')} |`);
}

if (process.argv.includes('--json')) console.log(JSON.stringify({ part, figures }, null, 1));
else {
  console.log(`part: ${part}\n\n${table.join('\n')}`);
  if (show)
    for (const [name, { wrong }] of Object.entries(figures))
      for (const each of wrong)
        console.log(
          `${name}: ${each.id} ${each.source} ${each.kind}: ${each.label}, gold ${JSON.stringify(each.gold).slice(0, 60)} ${each.note}`,
        );
}
if (process.argv.includes('--write')) {
  const page = readFileSync(GUIDE, 'utf8');
  const written = page.replace(
    /(<!-- written by bench\/scorers\/answers.mjs[^\n]*-->)[\s\S]*?(<!-- end -->)/,
    `$1\n\n${table.join('\n')}\n\n$2`,
  );
  const filepath = fileURLToPath(GUIDE);
  writeFileSync(GUIDE, await format(written, { ...(await resolveConfig(filepath)), filepath }));
}
