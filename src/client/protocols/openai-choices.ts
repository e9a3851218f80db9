import { saysError } from './error-body.js';
import { breaksOff, isReason } from './finish-reason.js';
import { EmptyAnswer, list, record, ReportedFailure } from './protocol.js';

/** The first choice of a whole reply. More than one come only where `n` in `extraBody` asks for them, in any order. */
export function firstChoice(reply: Record<string, unknown>): Record<string, unknown> {
  const choices = list(reply['choices']);
  if (choices.length === 0 && Array.isArray(reply['choices']))
    throw new EmptyAnswer('the reply has no choices'); // LiteLLM, for Gemini's candidates without content
  const first = record(choices[0]);
  const chosen =
    choices.length > 1 && first['index'] !== 0
      ? record(choices.find((each) => record(each)['index'] === 0) ?? first)
      : first;
  checkUnbroken(chosen);
  return chosen;
}

/** Follows one choice through a stream, the one that comes first: the pieces of several come mixed. */
export class StreamedChoice {
  #index: unknown;

  /** What a chunk holds of the choice; without members when it holds nothing. */
  of(chunk: Record<string, unknown>): Record<string, unknown> {
    for (const each of list(chunk['choices'])) {
      const choice = record(each);
      const index = choice['index'];
      this.#index ??= index;
      if (index !== this.#index && index !== undefined) continue;
      checkUnbroken(choice);
      return choice;
    }
    return NO_CHOICE;
  }
}

/**
 * The usage of a chunk: beside the choices, as a rule in a chunk of its own at the end; inside of the last choice
 * (Moonshot); or among Groq's own members.
 */
export function usageIn(chunk: Record<string, unknown>, choice: Record<string, unknown>): unknown {
  return chunk['usage'] ?? choice['usage'] ?? record(chunk['x_groq'])['usage'];
}

/** Why the answer ended, if this choice says so; some gateways send an empty reason with every chunk. */
export function endOf(choice: Record<string, unknown>): string | undefined {
  const reason = choice['finish_reason'];
  return isReason(reason) ? String(reason) : undefined;
}

const NO_CHOICE: Record<string, unknown> = Object.freeze({});

// A gateway whose own server failed midway answers 200 and says so in the choice, some only in that server's own word for
// the reason (OpenRouter's `native_finish_reason`), beside a `stop` of the gateway's.
function checkUnbroken(choice: Record<string, unknown>): void {
  const { error, finish_reason: reason, native_finish_reason: native } = choice;
  if (saysError(error)) throw new ReportedFailure({ error });
  for (const each of [reason, native])
    if (breaksOff(each))
      throw new ReportedFailure({ message: `the answer was broken off (${String(each)})` });
}
