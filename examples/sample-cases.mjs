// 240 questions with recorded answers: the sample set of `npm start`. Made by rule, the same every time; the
// answers are those of an imaginary model that is wrong in about one case of six, does not know some, and for some
// questions fails on the way.

const CAPITALS = `Argentina:Buenos Aires;Australia:Canberra;Austria:Vienna;Bangladesh:Dhaka;Belgium:Brussels;
Brazil:Brasília;Bulgaria:Sofia;Canada:Ottawa;Chile:Santiago;Colombia:Bogotá;Croatia:Zagreb;Cuba:Havana;
Denmark:Copenhagen;Ecuador:Quito;Egypt:Cairo;Estonia:Tallinn;Ethiopia:Addis Ababa;Finland:Helsinki;France:Paris;
Germany:Berlin;Ghana:Accra;Greece:Athens;Hungary:Budapest;Iceland:Reykjavík;India:New Delhi;Indonesia:Jakarta;
Iraq:Baghdad;Ireland:Dublin;Italy:Rome;Japan:Tokyo;Jordan:Amman;Kenya:Nairobi;Latvia:Riga;Lebanon:Beirut;
Lithuania:Vilnius;Malaysia:Kuala Lumpur;Mexico:Mexico City;Mongolia:Ulaanbaatar;Morocco:Rabat;Nepal:Kathmandu;
New Zealand:Wellington;Nigeria:Abuja;Norway:Oslo;Peru:Lima;Philippines:Manila;Poland:Warsaw;Portugal:Lisbon;
Romania:Bucharest;Senegal:Dakar;Serbia:Belgrade;Slovakia:Bratislava;Slovenia:Ljubljana;South Korea:Seoul;
Spain:Madrid;Sweden:Stockholm;Thailand:Bangkok;Tunisia:Tunis;Turkey:Ankara;Uruguay:Montevideo;Vietnam:Hanoi`
  .split(';')
  .map((pair) => pair.trim().split(':'));

const ARITHMETIC = [
  (a, b) => [`What is ${a} plus ${b}?`, a + b],
  (a, b) => [`A shelf holds ${a} books and ${b} more arrive. How many are there now?`, a + b],
  (a, b) => [`${a + b} birds sit on a wire and ${b} fly away. How many stay?`, a],
  (a, b) => [`One box weighs ${a} kg. How many kilograms do ${b} such boxes weigh?`, a * b],
  (a, b) => [`A train runs ${a} km an hour. How many kilometres does it run in ${b} hours?`, a * b],
  (a, b) => [`${a * b} marbles are shared by ${b} children. How many does each get?`, a],
];

/** What the imaginary model says when it is right, or thinks so. */
const PHRASES = [
  (answer) => `${answer}`,
  (answer) => `The answer is ${answer}.`,
  (answer) => `Let me think step by step. That makes ${answer}.`,
];

const FAILURES = [
  failure('invalid_value', 'the request was refused'),
  { body: '<html>502 Bad Gateway</html>' }, // a 200 that is no JSON
  failure('content_filter', 'the prompt was filtered'),
  { body: { choices: [{ index: 0, message: { role: 'assistant' }, finish_reason: 'stop' }] } }, // no text
  failure('context_length_exceeded', "this model's maximum context length is 8 tokens"),
];

function failure(code, message) {
  return { status: 400, body: { error: { message, type: 'invalid_request_error', param: null, code } } };
}

function* questions() {
  for (let i = 0; i < 180; i++) {
    const [question, answer] = ARITHMETIC[i % ARITHMETIC.length](12 + ((i * 37) % 83), 3 + ((i * 11) % 19));
    const other = answer + 1 + (i % 9);
    yield { id: `sum-${i + 1}`, group: 'arithmetic', question, answer: String(answer), other: String(other) };
  }
  for (const [i, [country, capital]] of CAPITALS.entries()) {
    const other = CAPITALS[(i + 7) % CAPITALS.length][1];
    yield {
      id: `capital-${country.toLowerCase().replaceAll(' ', '-')}`,
      group: 'geography',
      question: `What is the capital of ${country}?`,
      answer: capital,
      other,
    };
  }
}

/** The test cases. A few have no expected answer: they cannot be scored. */
export function* sampleCases() {
  let i = 0;
  for (const { id, group, question, answer } of questions()) {
    yield i++ % 60 === 33 ? { id, group, input: question } : { id, group, input: question, expected: answer };
  }
}

/** The recorded answer to each question, in the form that the fake model server takes. */
export function sampleAnswers() {
  const answers = new Map();
  let i = 0;
  for (const { question, answer, other } of questions()) {
    answers.set(question, recordedAnswer(i++, answer, other));
  }
  return answers;
}

function recordedAnswer(i, answer, other) {
  if (i % 40 === 17) return FAILURES[((i - 17) / 40) % FAILURES.length];
  if (i % 60 === 50) return 'I am sorry, I do not know.';
  const wrong = (i * 7) % 6 === 5;
  return PHRASES[i % PHRASES.length](wrong ? other : answer);
}
