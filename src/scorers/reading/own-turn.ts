/**
 * Where a model that goes on begins a turn that is not its own: a next question, a next example, the words of a user.
 * Each must begin a line.
 */
const NEXT_TURN =
  /\n[ \t]*(?:#{1,4} *|\*\*|>> *|\[|【)?(?:(?:next |new )?(?:question|problem|instruction)(?: *(?:no\.? *)?#?\d{1,4})?(?:\*\*|\]|】)? *[:：\n]|Q(?: *\d{1,3})?[:：.] |(?:user|human|student|you) ?[:：]|(?:问题|問題|题目|例题|Frage|Pregunta|Domanda|Pergunta|Вопрос|Задача) *\d{0,3}[】\]]? *[:：\n])|<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|user)[^|\n]{0,20}\|>|<(?:start|end)_of_turn>|\[\/?INST\]|<\/s>|<eo[ahs]>\s*(?=\n\s*\S)/gi;

/** Texts before such a place that are shorter, and in which nothing was found, restate the question. */
const RESTATED = 600;

/**
 * The stretches of a text to look for the answer in, one after the other: up to the next turn, then the whole, unless a
 * long text stood before that turn and `readsOn` is not set.
 */
export function* ownTurns(text: string, readsOn: boolean): Generator<string> {
  NEXT_TURN.lastIndex = 0;
  for (let found = NEXT_TURN.exec(text); found !== null; found = NEXT_TURN.exec(text)) {
    const before = text.slice(0, found.index);
    if (before.trim() === '') continue;
    yield before;
    if (before.length > RESTATED && !readsOn) return;
    break;
  }
  yield text;
}
