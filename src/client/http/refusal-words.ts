import type { ErrorBody } from '../protocols/error-body.js';

const SHORT_MS = 300_000;

/** Whether the words say that the prompt is too long for the model. */
export function contextIsTooLong({ code, type, message }: ErrorBody): boolean {
  return (
    /context_length_exceeded|exceed_context_size|context_window_exceeded|string_above_max_length|prompt_too_long/i.test(
      `${code} ${type}`,
    ) || CONTEXT_LENGTH_WORDS.some((words) => words.test(message))
  );
}

// One request that is above the limit of a minute: OpenAI tells it with 429, Groq with 413. It will never pass.
const TOO_LARGE = /\brequest too large\b|tokens must be reduced/i;

/** Whether the words of a limit say that this one request is too large for it. */
export function isAboveLimit({ message }: ErrorBody): boolean {
  return TOO_LARGE.test(message);
}

const CONTEXT_LENGTH_WORDS: readonly RegExp[] = [
  /context[ _-]?(length|window|limit|size)/i, // OpenAI, vLLM, llama.cpp, most gateways
  /max(imum)?[ _-]?(allowed )?(context|model|prompt|input|sequence)[ _-]?(length|len|size|tokens)/i, // xAI, vLLM, SGLang
  /(prompt|input|request|message|conversation)s? (is|are|was) too (long|large)|too many (input |prompt )?tokens/i, // Anthropic, Bedrock
  /must have less than \d+ tokens|max_total_tokens|`inputs` tokens \+ `max_new_tokens` must be <=/i, // TGI
  /input token count .{0,200}exceeds|input (length|tokens?) .{0,200}(exceeds?|longer than|greater than)/i, // Gemini
  /exceed(s|ed)? (the )?(model'?s? )?(max(imum)? )?(token|context|input) (limit|length|window)/i, // Moonshot: exceeded
  /(tokens|prompt) .{0,80}exceeds? .{0,60}(context|limit of \d+ tokens|maximum)|range of input length/i, // Mistral, DashScope
  /(token count|number of tokens|tokens in (the )?(request|prompt|input)|(prompt|input|total) tokens) .{0,60}(exceeds?|more than|above|over) .{0,20}(limit|max)/i,
  /reduce the (length|size) of (the|your) (messages?|prompt|input)/i,
  TOO_LARGE,
];

/** Whether the words say that a filter or moderation refused the request. */
export function isFiltered({ code, type, message }: ErrorBody): boolean {
  return (
    /content[_-]?(filter|policy|moderation)|responsible_?ai|moderation|data_?inspection_?failed|prohibited|safety/i.test(
      `${code} ${type}`,
    ) ||
    /content[ _](filter|management policy|policy)|\bflagged\b|by (our )?moderation|(blocked|refused|rejected) (by|due to|for) (our )?(the )?(safety|content|moderation|guardrail|policy)|safety (system|filter|policy)|inappropriate content|usage polic(y|ies)|guardrail/i.test(
      message,
    )
  );
}

/** Whether code and type say that there were too many calls. */
export function isLimit({ code, type }: ErrorBody): boolean {
  return /rate_?limit|too_many|throttl|resource_exhausted/i.test(`${type} ${code}`);
}

/** Whether the words say that the key is refused: Google and xAI do so with 400. */
export function refusesKey({ code, type, message }: ErrorBody): boolean {
  return (
    /authentication|unauthori[sz]ed|invalid_api_key|api_key_invalid/i.test(`${type} ${code}`) ||
    /\b(api|access)[ _-]?key (is )?(not valid|invalid|expired|not found)|(incorrect|invalid|expired) (api|access)[ _-]?(key|token)/i.test(
      message,
    )
  );
}

/** Whether the words say that the server has too much to do, whatever its status. */
export function isOverload({ code, type }: ErrorBody): boolean {
  return /overloaded|capacity_exceeded|model_overloaded|engine_overloaded/i.test(`${type} ${code}`);
}

/**
 * Whether a refusal is a limit of money, or of a day or longer: waiting for the next minute does not help, so these are
 * not tried again there. Vendors use the same words for both, so what tells them apart comes first: names of quotas,
 * a code, a short wait, a unit of time.
 *
 * @param limited - whether the status says that it is some kind of limit; else only clear words count
 */
export function isQuota(
  body: ErrorBody,
  {
    waitMs,
    limited = true,
  }: { readonly waitMs?: number | undefined; readonly limited?: boolean | undefined },
): boolean {
  const { message, quotas } = body;
  const kind = `${body.code} ${body.type}`;
  if (/per_?(day|week|month)/i.test(quotas)) return true;
  if (MONEY_CODES.test(kind)) return true;
  if (!limited) return EMPTY_ACCOUNT.test(message);
  if (/throttl/i.test(kind)) return false;
  if (waitMs !== undefined)
    return waitMs > SHORT_MS && (MONEY_WORDS.test(message) || LONG_LIMIT.test(message));
  if (/per_?(second|minute|hour)/i.test(quotas)) return false;
  if (EMPTY_ACCOUNT.test(message)) return true;
  if (LONG_LIMIT.test(message)) return true;
  return MONEY_WORDS.test(message) && !SHORT_LIMIT.test(message);
}

const MONEY_CODES =
  /insufficient[_ -]?(quota|credits?|balance|funds)|billing|credit|spend|payment|arrear|budget[_ ]?exceeded|exceeded?[_ ]?(token)?budget|exceeded_current_quota|usage_limit_reached/i;
const EMPTY_ACCOUNT =
  /insufficient[ _](quota|credits?|balance|funds)|credit balance|(doesn.t|does not) have (any|enough|sufficient) credits?|\bkey limit exceeded|(out of|used all( available)?|not enough|no( more)?) credits?|reached your (specified )?(api )?usage limits?|(spend|spending)[ _-](limit|cap)|(monthly|weekly) (spend\w* |usage )?(limit|budget)|budget has been exceeded|over budget|out of call volume quota|ExceededBudget|ExceededTokenBudget|account .{0,60}(suspended|overdue|arrears|deactivated)|free (tier|quota|credits?) .{0,40}(exhausted|used up)|余额不足|欠费/i;
const LONG_LIMIT =
  /((per|a|each|this)[ _-]|\/ ?)(day|week|month)\b|\b(daily|weekly|monthly)\b|\([RT]PD\)|\b[RT]PD\b|[每\d] ?[天日周月](使用|调用)?(上限|限额|额度)/i;
const SHORT_LIMIT =
  /(per|a|each|this)[ _-](sec(ond)?|min(ute)?|hour)\b|\b[RT]P[MS]\b|rate[ _-]?limit|too many requests/i;
const MONEY_WORDS =
  /exceeded your current quota|billing|credit|(spend|spending|usage)[ _-](limit|cap)s?\b|plan and billing|payment|top[ -]?up|recharge/i;
