/** Words that say yes and no, as a host gives them or as many languages have them. */
export interface YesNoWords {
  /** Words that say yes. */
  readonly yes: readonly string[];
  /** Words that say no. */
  readonly no: readonly string[];
}

const DENIALS =
  "não é verdade|não é correto|no es cierto|no es verdad|no es correcto|non è vero|non è corretto|ce n'est pas vrai|il est faux|das stimmt nicht|stimmt nicht|это не так".split(
    '|',
  );

/** Yes and no, true and false in some thirty languages. */
export const YES_NO_WORDS: YesNoWords = {
  yes: (
    'yes yeah yep true correct affirmative ja wahr richtig stimmt oui vrai vraie exact exacte correcte sí verdadero verdadera cierto cierta correcto correcta sì vero vera corretto corretta sim verdadeiro verdadeira ' +
    'certo waar juist sant korrekt kyllä tosi tak prawda ano да верно истинно истина правда правильно так evet doğru نعم صحيح بله درست כן נכון ' +
    'हाँ हां सही सत्य হ্যাঁ সত্য ใช่ จริง có đúng ya benar ndiyo kweli ναι αληθές σωστό igen igaz da adevărat 네 예 맞습니다 참 はい 正しい 真 صحيحة 是的 对的 對的 正确 正確 是 对 對'
  ).split(' '),
  no: (
    'no nope false incorrect negative wrong nein falsch unwahr non faux fausse falso falsa incorrecto incorrecta incorrecte não nao nee neen onwaar onjuist nej nei falskt ei ' +
    'epätosi nie fałsz ne nepravda нет неверно ложно ложь неправда неправильно ні hayır yanlış لا خطأ خاطئ خیر نه نادرست غلط לא שגוי नहीं ' +
    'गलत ग़लत असत्य না মিথ্যা ไม่ใช่ ไม่ เท็จ không sai tidak bukan salah hapana όχι ψευδές λάθος nem hamis nu fals 아니오 아니요 거짓 틀렸습니다 いいえ 偽 誤り 正しくありません 正しくない خاطئة 不是 不正确 不正確 不对 不對 错误 錯誤 否 错 錯 假'
  )
    .split(' ')
    .concat(DENIALS),
};

/** What a word says where it stands. */
export interface SaidWord {
  readonly value: 'yes' | 'no';
  readonly start: number;
  readonly end: number;
}

const NEGATORS =
  /(?:\b(?:not|never|isn't|wasn't|aren't|don't|doesn't|do not|shouldn't|should not|wouldn't|would not|cannot|can't|won't|nicht|kein|keine|pas|jamais|nunca|non|não|niet|nie|не|нет|değil)|n['’]t|不|没有|并非|非)(?:\s+(?:be|to|necessarily|always|really|actually|a|the|you|entirely|completely|quite|that)){0,3}[\s*_"'“]*$/i;
const SET_ASIDE =
  /(?:\b(?:rather than|instead of|over|than|versus|vs\.?|whether|if you|if we|as opposed to|or|by not|partially|partly|sometimes|teilweise|en partie|parcialmente|parzialmente|частично|anstatt|statt|plutôt que|en lugar de)|而不是|还是|部分)[\s*_"'“]*$/i;
const UNSPACED = /^[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;

/** Finds the words of a vocabulary in a text, negations read. */
export class YesNoFinder {
  readonly #words: ReadonlyMap<string, 'yes' | 'no'>;
  readonly #anywhere: RegExp;
  readonly #here: RegExp;

  constructor(words: YesNoWords) {
    const all = [
      ...words.yes.map((word) => [word.toLowerCase(), 'yes'] as const),
      ...words.no.map((word) => [word.toLowerCase(), 'no'] as const),
    ];
    this.#words = new Map(all);
    const sorted = [...this.#words.keys()].sort((a, b) => b.length - a.length);
    const anyOf = (spaced: boolean): string =>
      sorted
        .filter((word) => UNSPACED.test(word) !== spaced)
        .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('|') || '(?!)';
    const any = `(?<![\\p{L}\\p{M}\\p{N}_])(?:${anyOf(true)})(?![\\p{L}\\p{M}\\p{N}_]|['’]\\p{L})|${anyOf(false)}`;
    this.#anywhere = new RegExp(any, 'giu');
    this.#here = new RegExp(any, 'iuy');
  }

  /** The word that stands at a place, and what it says. */
  at(text: string, place: number): SaidWord | undefined {
    this.#here.lastIndex = place;
    const found = this.#here.exec(text);
    return found === null ? undefined : this.#meaningOf(text, place, found[0]);
  }

  /** All words of a stretch; those that are only weighed against others are left out unless `weighed`. */
  all(
    text: string,
    {
      from,
      end,
      weighed = false,
    }: { readonly from: number; readonly end: number; readonly weighed?: boolean | undefined },
  ): SaidWord[] {
    const said: SaidWord[] = [];
    const part = text.slice(from, end);
    const anywhere = this.#anywhere; // a `matchAll` would make a new pattern each time: it is large
    anywhere.lastIndex = 0;
    for (let found = anywhere.exec(part); found !== null; found = anywhere.exec(part)) {
      const at = from + found.index;
      if (!weighed && SET_ASIDE.test(text.slice(Math.max(from, at - 24), at))) continue;
      said.push(this.#meaningOf(text, at, found[0]));
    }
    return said;
  }

  #meaningOf(text: string, start: number, word: string): SaidWord {
    const value = this.#words.get(word.toLowerCase())!;
    const denied = NEGATORS.test(text.slice(Math.max(0, start - 40), start));
    return { value: denied ? (value === 'yes' ? 'no' : 'yes') : value, start, end: start + word.length };
  }
}
