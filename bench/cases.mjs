// The shared workload: deterministic test cases and the text that the mock server answers with.
// A case is { id, prompt, expected }. The prompt carries "#id=DDDDDDDD#"; the server copies those eight digits into
// its reply, so an exact match proves that the reply belongs to the case.

const WORDS = (
  'the model reads a question about rivers and bridges then answers with a short ' +
  'paragraph that names each place in order and gives a reason for the choice it made'
).split(' ');
const ID_DIGITS = 8;
const PROMPT_HEAD = '#id=00000000#'.length;

function filler(length, step) {
  let text = '';
  for (let i = 0; text.length < length; i = (i + step) % WORDS.length) text += `${WORDS[i]} `;
  return text.slice(0, length);
}

/** What follows the id in an answer of `length` characters. */
export const answerTail = (length = 1000) => ` ${filler(Math.max(0, length - ID_DIGITS - 1), 7)}`;

/** A flat string, not a rope of two, so that memory is what a parsed file would cost. */
const flat = (text) => Buffer.from(text, 'latin1').toString('latin1');

/**
 * Cases one by one; nothing is kept.
 * @param {number} n how many
 * @param {{ length?: number, promptLength?: number }} [options] characters of an answer and of a prompt
 */
export function* generateCases(n, { length = 1000, promptLength = 302 } = {}) {
  const promptTail = ` ${filler(Math.max(0, promptLength - PROMPT_HEAD - 1), 5)}`;
  const tail = answerTail(length);
  for (let i = 0; i < n; i++) {
    const id = String(i).padStart(ID_DIGITS, '0');
    yield { id, prompt: flat(`#id=${id}#${promptTail}`), expected: flat(id + tail) };
  }
}

/** All cases at once, for the tools that take only an array. */
export const arrayOfCases = (n, options) => Array.from(generateCases(n, options));

/** The request for a case, as every contender sends it. */
export const chatBody = ({ prompt }) => ({
  model: 'mock',
  messages: [
    { role: 'system', content: 'You answer questions in one short paragraph.' },
    { role: 'user', content: prompt },
  ],
  max_tokens: 500,
  temperature: 0,
});
