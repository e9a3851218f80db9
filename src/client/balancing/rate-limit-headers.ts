import { headerOf, resetMs, type ResponseHeaders } from './retry-after.js';

/** Limits that a reply's headers tell. What a server does not know it leaves out, or sends as 0 or -1. */
export interface LimitHeaders {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly remainingRequests: number | undefined;
  readonly remainingTokens: number | undefined;
  readonly resetRequestsMs: number | undefined;
}

/**
 * Reads `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` (OpenAI, Azure, Together and others) and
 * `anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}`; both speak of minutes. `undefined` when there
 * are none. Azure's Responses API sends -1 and 0 for limits it does not apply; those are ignored.
 */
export function readLimitHeaders(headers: ResponseHeaders, wallTime: number): LimitHeaders | undefined {
  const openai = headers['x-ratelimit-limit-requests'] ?? headers['x-ratelimit-limit-tokens'];
  if (openai !== undefined) {
    return {
      requestsPerMinute: limit(headerOf(headers, 'x-ratelimit-limit-requests')),
      tokensPerMinute: limit(headerOf(headers, 'x-ratelimit-limit-tokens')),
      remainingRequests: remaining(headerOf(headers, 'x-ratelimit-remaining-requests')),
      remainingTokens: remaining(headerOf(headers, 'x-ratelimit-remaining-tokens')),
      resetRequestsMs: reset(headerOf(headers, 'x-ratelimit-reset-requests'), wallTime),
    };
  }
  const anthropic =
    headers['anthropic-ratelimit-requests-limit'] ?? headers['anthropic-ratelimit-tokens-limit'];
  if (anthropic === undefined) return undefined;
  return {
    requestsPerMinute: limit(headerOf(headers, 'anthropic-ratelimit-requests-limit')),
    tokensPerMinute: limit(headerOf(headers, 'anthropic-ratelimit-tokens-limit')),
    remainingRequests: remaining(headerOf(headers, 'anthropic-ratelimit-requests-remaining')),
    remainingTokens: remaining(headerOf(headers, 'anthropic-ratelimit-tokens-remaining')),
    resetRequestsMs: reset(headerOf(headers, 'anthropic-ratelimit-requests-reset'), wallTime),
  };
}

function limit(value: string | undefined): number | undefined {
  const count = Number(value ?? Number.NaN);
  return Number.isFinite(count) && count > 0 ? count : undefined;
}

function remaining(value: string | undefined): number | undefined {
  const count = Number(value ?? Number.NaN);
  return Number.isFinite(count) && count >= 0 ? count : undefined;
}

function reset(value: string | undefined, wallTime: number): number | undefined {
  return value === undefined ? undefined : resetMs(value, wallTime);
}
