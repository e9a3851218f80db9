/**
 * The judges among the recorded answers, each read by the form that its prompt asked for: a sentence, a field, a key of
 * a JSON reply, a line of its own.
 */

/** A client that always gives the same recorded reply. */
const replies = ({ output, finishReason }) => ({
  complete: async () => ({
    text: output,
    finishReason: finishReason ?? 'other',
    model: 'recorded',
    usage: { inputTokens: 1, outputTokens: 1 },
    cost: null,
  }),
});

const args = { input: 'question', output: 'answer', expected: 'other', metadata: {}, response: {} };
const rubric = 'recorded';

/** What each source's prompt asked for. */
const FORMS = {
  llmbar: { verdictPattern: /(Output \([ab]\))(?: is (?:an? )?better\b|\s*$)/ },
  mmluredux: { verdictName: 'Classification' },
  mrgsm8k: { verdictName: ['Final Judgement', 'Final Decision'] },
  qlora: {},
};
FORMS['llmbar-open'] = FORMS.llmbar;
FORMS.vicunablog = FORMS.qlora;

async function pairVerdict({ pairwiseJudge }, row) {
  const menu = Object.fromEntries(
    Object.entries(row.menu).map(([name, words]) => [name.toLowerCase(), words]),
  );
  const scorer = pairwiseJudge({ client: replies(row), rubric, verdicts: menu, ...FORMS[row.source] });
  const verdict = (await scorer(args)).metadata?.first.verdict ?? null;
  return verdict === 'TIE' ? 'tie' : verdict;
}

async function gradeVerdict({ judge }, row) {
  const nameOf = new Map(
    Object.entries(row.menu).flatMap(([name, words]) => words.map((word) => [word, name])),
  );
  const grades = Object.fromEntries([...nameOf.keys()].map((word, i) => [word, i === 0 ? 1 : 0]));
  const said = await judge({ client: replies(row), rubric, grades, ...FORMS[row.source] })(args);
  return nameOf.get(said.label) ?? null;
}

async function ratingVerdict({ judge }, row) {
  const said = await judge({ client: replies(row), rubric, rating: row.menu, ...FORMS.qlora })(args);
  return said.label ?? null;
}

async function scoresVerdict({ pairwiseJudge }, row) {
  const scores = { minimum: 1, maximum: 10 };
  const said = await pairwiseJudge({ client: replies(row), rubric, scores, ...FORMS[row.source] })(args);
  return said.metadata?.first.scores?.join(' ') ?? null;
}

const BY_SCALE = { pair: pairVerdict, grade: gradeVerdict, rating: ratingVerdict, scores: scoresVerdict };

/** Readers of the recorded replies of judges, one for all scales together. */
export function judgeReaders(assaykit, rows) {
  return {
    'judges by their form': {
      rows,
      read: (row) => BY_SCALE[row.scale](assaykit, row),
      same: (label, gold) => String(label) === String(gold),
    },
  };
}
