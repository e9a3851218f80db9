/**
 * Cost of one call of each scorer on texts of 200 and 10,000 characters: processor time, the lowest of some rounds (others
 * share the machine), in microseconds.
 *
 *   npm run build && node bench/scorers/scorer-cost.mjs [--json] [--write]
 *
 * `--write` puts the table into docs/guides/scorers.md.
 * Texts are English-like words; the expected text differs from the answer in one word of seven, so that word and edit
 * metrics have work to do. Under 60 seconds in all.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import {
  bleu,
  choice,
  chrf,
  createEvaluator,
  editSimilarity,
  exactMatch,
  includes,
  jsonMatch,
  jsonSchema,
  jsonValid,
  number,
  regex,
  rouge,
  seededRandom,
  startsWith,
  tokenF1,
  yesNo,
} from 'assaykit';

const GUIDE = new URL('../../docs/guides/scorers.md', import.meta.url);
const ROUNDS = 9;
const ROUND_MS = 40;
const SLOW_US = 1_000;

const random = seededRandom(7);
const SYLLABLES = ['ka', 'lo', 'mi', 'ten', 'ra', 'sol', 'vu', 'an', 'per', 'go', 'di', 'sha'];
const word = () =>
  Array.from({ length: 1 + Math.floor(random() * 3) }, () => SYLLABLES[Math.floor(random() * 12)]).join('');

function texts(length) {
  const words = [];
  for (let size = 0; size < length; size += words.at(-1).length + 1) {
    const place = words.length % 12;
    words.push(place === 11 ? `${word()}.${words.length % 36 === 35 ? '\n' : ''}` : word());
  }
  const changed = words.map((each, i) => (i % 7 === 3 ? word() : each));
  const text = (list) => list.join(' ').replaceAll('\n ', '\n').slice(0, length);
  return { answer: text(words), reference: text(changed) };
}

const CLAUSES = [
  '首先我们分析题目中的条件',
  '选项A认为温度升高',
  '但是答案并不支持这种说法',
  '这和实验结果一致',
  '因此需要进一步考虑',
  '压强的变化很小',
];

function chinese(length) {
  let text = '';
  while (text.length < length) text += `${CLAUSES[Math.floor(random() * CLAUSES.length)]}，`;
  return text.slice(0, length);
}

function jsonTexts(length) {
  const record = {};
  for (let i = 0; JSON.stringify(record).length < length; i++)
    record[`field${i}`] = { name: word(), size: i, on: i % 2 === 0 };
  return { answer: JSON.stringify(record), reference: record };
}

const response = { text: '', model: '', usage: null, cost: null };
const argsOf = (output, expected) => ({ input: '', output, expected, metadata: undefined, response });

function scorers(length) {
  const { answer, reference } = texts(length);
  const json = jsonTexts(length);
  const prose = argsOf(answer, reference);
  const folded = { ignoreCase: true, ignorePunctuation: true, collapseWhiteSpace: true };
  const schema = { type: 'object', additionalProperties: { type: 'object', required: ['name', 'size'] } };
  const evaluator = createEvaluator({
    name: 'bench',
    version: '1',
    dimensions: { exact: exactMatch(), contains: includes(), short: ({ output }) => output.length < 1e6 },
  });
  const context = { testCase: { id: 'a', input: '', expected: reference }, repetition: 0, runId: 'r' };
  return {
    exactMatch: [exactMatch(), prose],
    'exactMatch, all folding': [exactMatch(folded), prose],
    includes: [includes(), prose],
    startsWith: [startsWith(), prose],
    'regex, last match': [regex(/(\w+)\./, { group: 1, match: 'last' }), prose],
    number: [number(), argsOf(`${answer} 1,234.5`, '1234.50')],
    'number, marker': [number({ convention: { marker: /^A:/m } }), argsOf(`${answer}\nA: 18`, '18')],
    choice: [choice(), argsOf(`${answer} The answer is (B).`, 'B')],
    'choice, nothing to find': [choice(), argsOf(answer, 'B')],
    'choice, Chinese, nothing to find': [choice(), argsOf(chinese(length), 'B')],
    'number, Chinese': [number(), argsOf(`${chinese(length)} 18。`, '18')],
    yesNo: [yesNo(), argsOf(`${answer} The answer is yes.`, 'yes')],
    tokenF1: [tokenF1(), prose],
    'rouge, rouge1': [rouge({ variant: 'rouge1' }), prose],
    'rouge, rouge2': [rouge({ variant: 'rouge2' }), prose],
    'rouge, rougeL': [rouge(), prose],
    'rouge, rougeLsum': [rouge({ variant: 'rougeLsum' }), prose],
    'rouge, rougeL stemmed': [rouge({ stem: true }), prose],
    bleu: [bleu(), prose],
    chrf: [chrf(), prose],
    'chrf, chrF++': [chrf({ wordOrder: 2 }), prose],
    editSimilarity: [editSimilarity(), prose],
    jsonValid: [jsonValid(), argsOf(json.answer, undefined)],
    jsonMatch: [jsonMatch(), argsOf(json.answer, json.reference)],
    'jsonSchema (ajv)': [jsonSchema(schema), argsOf(json.answer, undefined)],
    'createEvaluator, three dimensions': [
      (args) => evaluator.evaluate({ ...response, text: args.output }, context),
      prose,
    ],
  };
}

/** Microseconds a call: the lowest of some rounds of some tens of milliseconds. */
async function cost(scorer, args) {
  await scorer(args); // loads what is loaded lazily
  let calls = 1;
  for (;;) {
    const elapsed = time(scorer, args, calls);
    if (elapsed > ROUND_MS / 4) break;
    calls *= 2;
  }
  calls = Math.max(1, Math.round((calls * ROUND_MS) / Math.max(time(scorer, args, calls), 0.001)));
  const rounds = Array.from({ length: ROUNDS }, () => (time(scorer, args, calls) * 1000) / calls);
  return Math.min(...rounds);
}

let sink;
function time(scorer, args, calls) {
  const start = process.cpuUsage();
  for (let i = 0; i < calls; i++) sink = scorer(args);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const rows = [];
const short = scorers(200);
const long = scorers(10_000);
for (const name of Object.keys(short)) {
  rows.push({ scorer: name, us200: await cost(...short[name]), us10000: await cost(...long[name]) });
}

const shown = (us) => us.toLocaleString('en', { maximumFractionDigits: us < 10 ? 2 : us < 100 ? 1 : 0 });
const table = [
  '| scorer | 200 characters | 10,000 characters | over 1 ms |',
  '| --- | ---: | ---: | --- |',
  ...rows.map(
    ({ scorer, us200, us10000 }) =>
      `| ${scorer} | ${shown(us200)} | ${shown(us10000)} | ${us10000 > SLOW_US ? 'yes' : ''} |`,
  ),
].join('\n');

if (process.argv.includes('--json')) console.log(JSON.stringify({ node: process.version, rows }, null, 1));
else
  console.log(
    `microseconds a call (processor time, lowest of ${ROUNDS} rounds), Node ${process.version}\n\n${table}`,
  );
if (process.argv.includes('--write')) {
  const page = readFileSync(GUIDE, 'utf8');
  const written = page.replace(
    /(<!-- written by bench\/scorers\/scorer-cost.mjs[^\n]*-->)[\s\S]*?(<!-- end -->)/,
    `$1\n\n${table}\n\n$2`,
  );
  const filepath = fileURLToPath(GUIDE);
  writeFileSync(GUIDE, await format(written, { ...(await resolveConfig(filepath)), filepath }));
}
if (sink === undefined) throw new Error('nothing was scored');
