/**
 * Does `trajectory` agree with the four published match modes (agentevals, LangChain's documentation)? 1,000 generated pairs
 * of trajectories, one call a message, each mode with arguments compared and ignored.
 *
 *   npm run build && node bench/agents/trajectory-agreement.mjs [pairs] [--deps folder]
 *
 * The definitions are written out below: of multisets of calls, not by the code of anybody. With `--deps` (a folder in which
 * `npm i agentevals @langchain/core` was run) the package itself is asked, too. Exits with 1 where the two differ.
 */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEvaluator, seededRandom } from '../../dist/doors/index.js';
import { trajectory } from '../../dist/doors/agents.js';

const args = process.argv.slice(2);
const depsAt = args.indexOf('--deps');
const deps = depsAt < 0 ? undefined : resolve(args.splice(depsAt, 2)[1]);
const PAIRS = Number(args[0] ?? 1000);

/** Theirs by name, and ours; what the agent's calls do to the reference. */
const MODES = { strict: 'same-order', unordered: 'same-set', superset: 'includes', subset: 'only' };

const keyOf = (call, compared) => (compared ? JSON.stringify([call.name, call.arguments]) : call.name);
const countsOf = (keys) => {
  const counts = new Map();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};
const within = (some, all) => [...some].every(([key, count]) => count <= (all.get(key) ?? 0));

/** The published definitions. Calls are equal by name, and by arguments where those are compared. */
const DEFINITIONS = {
  strict: (made, wanted) => made.length === wanted.length && made.every((key, i) => key === wanted[i]),
  unordered: (made, wanted) => made.length === wanted.length && within(countsOf(made), countsOf(wanted)),
  superset: (made, wanted) => within(countsOf(wanted), countsOf(made)),
  subset: (made, wanted) => within(countsOf(made), countsOf(wanted)),
};

async function publishedPackage() {
  if (deps === undefined) return undefined;
  const path = createRequire(`${deps}/package.json`).resolve('agentevals');
  const { createTrajectoryMatchEvaluator } = await import(pathToFileURL(path).href);
  const messages = (calls) =>
    calls.map((call) => ({
      role: 'assistant',
      content: '',
      tool_calls: [
        {
          id: 'c',
          type: 'function',
          function: { name: call.name, arguments: JSON.stringify(call.arguments) },
        },
      ],
    }));
  return async (mode, compared, made, wanted) => {
    const evaluator = createTrajectoryMatchEvaluator({
      trajectoryMatchMode: mode,
      toolArgsMatchMode: compared ? 'exact' : 'ignore',
    });
    const { score } = await evaluator({ outputs: messages(made), referenceOutputs: messages(wanted) });
    return score === true;
  };
}

const random = seededRandom(25);
const upTo = (n) => Math.floor(random() * n);
const NAMES = ['search', 'open', 'add'];
const call = () => ({ name: NAMES[upTo(3)], arguments: upTo(3) === 0 ? {} : { x: upTo(2) } });

/** A reference, and what an agent made of it: the same, shuffled, with calls left out, added, doubled or changed. */
function pair() {
  const wanted = Array.from({ length: upTo(5) }, call);
  let made = [...wanted];
  for (let changes = upTo(4); changes > 0; changes--) {
    const at = upTo(made.length + 1);
    const change = upTo(5);
    if (change === 0) made.splice(at, 1);
    else if (change === 1) made.splice(at, 0, call());
    else if (change === 2 && made.length > 0) made.splice(at, 0, made[upTo(made.length)]);
    else if (change === 3 && at < made.length) made[at] = { ...made[at], arguments: { x: upTo(3) } };
    else
      made = made
        .map((each) => [random(), each])
        .sort(([a], [b]) => a - b)
        .map(([, each]) => each);
  }
  return { made, wanted };
}

const pairs = Array.from({ length: PAIRS }, pair);
const asked = await publishedPackage();
let differences = 0;
for (const compared of [true, false]) {
  for (const [mode, match] of Object.entries(MODES)) {
    const evaluator = createEvaluator({
      name: 'calls',
      version: '1',
      dimensions: { calls: trajectory({ match, arguments: compared ? 'equal' : 'ignore' }) },
    });
    let [kept, other, otherOfPackage] = [0, 0, 0];
    for (const { made, wanted } of pairs) {
      const toolCalls = made.map((each, i) => ({
        ...each,
        id: `${i}`,
        argumentsText: JSON.stringify(each.arguments),
      }));
      const response = { text: '', endpoint: 'e', toolCalls };
      const { overallScore } = await evaluator.evaluate(response, {
        testCase: { id: 'c', input: 'q', expected: wanted },
        signal: new AbortController().signal,
      });
      const keys = [made, wanted].map((calls) => calls.map((each) => keyOf(each, compared)));
      const published = DEFINITIONS[mode](...keys);
      if (published) kept++;
      if ((overallScore === 1) !== published) {
        other++;
        console.log(
          `differs: ${mode}, made ${JSON.stringify(made)} for ${JSON.stringify(wanted)}: ${overallScore}`,
        );
      }
      if (asked !== undefined && (await asked(mode, compared, made, wanted)) !== (overallScore === 1)) {
        otherOfPackage++;
        console.log(
          `differs from the package: ${mode}, ${JSON.stringify(made)} for ${JSON.stringify(wanted)}`,
        );
      }
    }
    differences += other + otherOfPackage;
    const told = asked === undefined ? '' : `, ${otherOfPackage} from the package`;
    const what = compared ? 'names and arguments' : 'names alone';
    console.log(
      `${mode} = ${match}, ${what}: ${kept} of ${PAIRS} kept, ${other} differ from the definition${told}`,
    );
  }
}
if (differences > 0) process.exitCode = 1;
