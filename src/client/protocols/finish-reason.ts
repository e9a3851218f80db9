import type { FinishReason } from '../model-client.js';

/** Why an answer ended: in the common vocabulary, or by the server's own failure (`broken`). */
type Ending = FinishReason | 'broken';

/** Maps a server's finish reason to the common vocabulary. */
export function finishReason(reason: unknown): FinishReason {
  const ending = endingOf(reason);
  return ending === undefined || ending === 'broken' ? 'other' : ending;
}

/** Whether a finish reason is one that is known and means that the answer has come to its end. */
export function endsAnswer(reason: unknown): boolean {
  const ending = endingOf(reason);
  return ending !== undefined && ending !== 'broken';
}

/** Whether a reason is the server's and not the model's: what came until then is no answer. */
export function breaksOff(reason: unknown): boolean {
  return endingOf(reason) === 'broken';
}

/** Whether a server gave a reason at all; some gateways send an empty one with every chunk. */
export function isReason(reason: unknown): boolean {
  return typeof reason === 'string' && reason.trim() !== '';
}

// In any capitals, also inside of a word, with `-`, `_` or a space between words, with or without `FINISH_REASON_`
// (Google) or `FinishReason.` (an enum's text) before it.
function endingOf(reason: unknown): Ending | undefined {
  if (typeof reason !== 'string') return undefined;
  const plain = ENDINGS.get(reason); // as nearly all write it: nothing to be made of it
  if (plain !== undefined) return plain;
  const name = reason
    .trim()
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_')
    .replace(/^(finish|stop)_?reason[._]/, '');
  const ending = ENDINGS.get(name) ?? ENDINGS.get(name.replace(/_(reached|exceeded)$/, ''));
  return ending ?? (FAILS.test(name) ? 'broken' : undefined);
}

const NAMES: Readonly<Record<Ending, string>> = {
  stop: 'stop stopped eos eos_token eos_found end_of_text stop_sequence stop_token stop_word end_turn end end_of_sequence finished complete completed done normal natural',
  length:
    'length max_tokens max_output_tokens max_completion_tokens max_new_tokens max_length maxlength token_limit token_limit_reached length_limit model_length model_context_window_exceeded context_window_exceeded context_length context_length_exceeded context_limit truncated limit',
  'content-filter':
    'content_filter content_filtered content_blocked contentfilter filter filtered refusal refused safety image_safety recitation image_recitation prohibited_content image_prohibited_content blocklist blocked spii language sensitive model_armor guardrail guardrail_intervened guardrails moderation flagged policy error_toxic',
  'tool-calls': 'tool_calls tool_call toolcalls tool_use tool function_call function_calls',
  other: 'other image_other no_image unspecified unknown pause_turn compaction',
  broken:
    'error errored failed failure fail abort aborted cancel cancelled canceled user_cancel timeout timed_out time_limit deadline_exceeded interrupted disconnect disconnected internal_error server_error network_error insufficient_system_resource error_limit load unload malformed_function_call malformed_tool_call malformed_response unexpected_tool_call too_many_tool_calls model_error out_of_memory preempted',
};

// A word that is not known and speaks of a failure means one.
const FAILS =
  /(^|_)(errors?|errored|exception|fail(ed|ure)?|cancell?(ed|ation)?|abort(ed)?|time_?(out|d_out)|disconnect(ed)?|overload(ed)?|interrupt(ed)?|crash(ed)?|killed|oom|rate_limit(ed)?|unavailable)(_|$)/;

// A Map: a server's word may be `constructor`.
const ENDINGS: ReadonlyMap<string, Ending> = new Map(
  Object.entries(NAMES).flatMap(([ending, names]) =>
    names.split(' ').map((name): [string, Ending] => [name, ending as Ending]),
  ),
);
