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

const CONTEXT_LENGTH_WORDS: readonly RegExp[] = [
  /context[ _-]?(length|window|limit|size)/i, // OpenAI, vLLM, llama.cpp, most gateways
  /max(imum)?[ _-]?(allowed )?(context|model|prompt|input|sequence)[ _-]?(length|len|size|tokens)/i, // xAI, vLLM, SGLang
  /(prompt|input|request|message|conversation)s? (is|are|was) too (long|large)|too many (input |prompt )?tokens/i, // Anthropic, Bedrock
  /must have less than \d+ tokens|max_total_tokens|`inputs` tokens \+ `max_new_tokens` must be <=/i, // TGI
  /input token count .*exceeds|input (length|tokens?) .*(exceeds?|longer than|greater than)/i, // Gemini
  /exceeds? (the )?(model'?s? )?(max(imum)? )?(token|context|input) (limit|length|window)/i,
  /(tokens|prompt) .{0,80}exceeds? .{0,60}(context|limit of \d+ tokens|maximum)|range of input length/i, // Mistral, DashScope
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
export function isQuota(body: ErrorBody, waitMs: number | undefined, limited = true): boolean {
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
  /insufficient[ _](quota|credits?|balance|funds)|credit balance|(out of|used all( available)?|not enough|no( more)?) credits?|reached your (specified )?(api )?usage limits?|(spend|spending)[ _-](limit|cap)|(monthly|weekly) (spend\w* |usage )?(limit|budget)|budget has been exceeded|over budget|out of call volume quota|ExceededBudget|ExceededTokenBudget|account .{0,60}(suspended|overdue|arrears|deactivated)/i;
const LONG_LIMIT =
  /(per|a|each|this)[ _-](day|week|month)\b|\b(daily|weekly|monthly)\b|\([RT]PD\)|\b[RT]PD\b/i;
const SHORT_LIMIT =
  /(per|a|each|this)[ _-](sec(ond)?|min(ute)?|hour)\b|\b[RT]P[MS]\b|rate[ _-]?limit|too many requests/i;
const MONEY_WORDS =
  /exceeded your current quota|billing|credit|(spend|spending|usage)[ _-](limit|cap)s?\b|plan and billing|payment|top[ -]?up|recharge/i;
