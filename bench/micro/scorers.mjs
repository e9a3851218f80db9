// Scorers against the comparison they come down to.
import { editSimilarity, exactMatch } from 'assaykit';
import { distance } from 'fastest-levenshtein';

const OPERATIONS = 1000;
const ANSWER = 'The capital of the country is the city on the river, which was founded by traders. ';
const EXPECTED = 'The capital of that country is a city at the river; it was founded by merchants. ';

export function comparisons() {
  const same = exactMatch();
  const near = editSimilarity();
  const args = (output, expected) => ({ input: '', output, expected, metadata: undefined });
  let sink = 0;
  const repeat =
    (operation, times = OPERATIONS) =>
    () => {
      for (let i = 0; i < times; i++) sink += Number(operation(i) !== undefined);
      return sink;
    };
  const equal = args(ANSWER, ANSWER);
  const different = args(ANSWER, EXPECTED);
  const longer = args(ANSWER.repeat(25), EXPECTED.repeat(25)); // about 2,000 characters
  return [
    {
      name: 'exactMatch, 80 characters',
      run: repeat(() => same(equal)),
      bare: '=== after trim',
      runBare: repeat(() => equal.output.trim() === equal.expected.trim()),
      operations: OPERATIONS,
    },
    {
      name: 'editSimilarity, 80 characters',
      run: repeat(() => near(different)),
      bare: 'fastest-levenshtein distance',
      runBare: repeat(() => distance(different.output, different.expected)),
      operations: OPERATIONS,
    },
    {
      name: 'editSimilarity, 2,000 characters',
      run: repeat(() => near(longer), 10),
      bare: 'fastest-levenshtein distance',
      runBare: repeat(() => distance(longer.output, longer.expected), 10),
      operations: 10,
    },
  ];
}
