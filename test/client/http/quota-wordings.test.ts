import { expect, test } from 'vitest';
import { classifyErrorBody, classifyStatus } from '../../../src/client/http/classify-failure.js';
import { readErrorReply } from '../../../src/client/protocols/error-body.js';

const RATE = 'ASSAY_RATE_LIMITED';
const QUOTA = 'ASSAY_QUOTA_EXCEEDED';

/** What vendors say when a limit of a short time is reached, and when the money or the day is used up. */
const WORDINGS: readonly (readonly [vendor: string, status: number, code: string, body: unknown])[] = [
  [
    'OpenAI, tokens a minute',
    429,
    RATE,
    {
      error: {
        message:
          'Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29500, ' +
          'Requested 1200. Please try again in 1.4s. Visit https://platform.openai.com/account/rate-limits to learn more.',
        type: 'tokens',
        param: null,
        code: 'rate_limit_exceeded',
      },
    },
  ],
  [
    'Zhipu, empty account',
    429,
    QUOTA,
    { error: { code: '1113', message: '余额不足或无可用资源包,请充值。' } },
  ],
  [
    'Zhipu, seven days',
    429,
    QUOTA,
    { error: { code: '1310', message: '已达到 7 天使用上限，2026-09-15 09:21:11 后可继续使用。' } },
  ],
  [
    'Zhipu, calls at once',
    429,
    RATE,
    { error: { code: '1302', message: '您当前使用该API的并发数过高，请降低并发，或联系客服增加限额。' } },
  ],
  [
    'DashScope, free tier',
    403,
    QUOTA,
    { code: 'AllocationQuota.FreeTierOnly', message: 'The free tier of the model has been exhausted.' },
  ],
  [
    'Groq, flex tier',
    498,
    'ASSAY_OVERLOADED',
    {
      error: { message: 'Flex tier capacity exceeded', type: 'capacity_exceeded', code: 'capacity_exceeded' },
    },
  ],
  [
    'Cohere, calls a month',
    429,
    QUOTA,
    { message: 'You are using a Trial key, which is limited to 1000 API calls / month.' },
  ],
  [
    'Cohere, calls a minute',
    429,
    RATE,
    { message: 'You are using a Trial key, which is limited to 10 API calls / minute.' },
  ],
  [
    'Fireworks, suspended account',
    412,
    QUOTA,
    { error: { message: 'Account x is suspended, possibly due to reaching the monthly spending limit.' } },
  ],
  [
    'OpenAI, requests a day',
    429,
    QUOTA,
    {
      error: {
        message:
          'Rate limit reached for gpt-4o in organization org-x on requests per day (RPD): Limit 200, Used 200, Requested 1. ' +
          'Please try again in 7m12s.',
        type: 'requests',
        code: 'rate_limit_exceeded',
      },
    },
  ],
  [
    'OpenAI, empty account',
    429,
    QUOTA,
    {
      error: {
        message: 'You exceeded your current quota, please check your plan and billing details.',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      },
    },
  ],
  [
    'OpenAI, hard limit of billing',
    400,
    QUOTA,
    {
      error: {
        message: 'Billing hard limit has been reached',
        type: 'invalid_request_error',
        code: 'billing_hard_limit_reached',
      },
    },
  ],
  [
    'Anthropic, a minute',
    429,
    RATE,
    {
      type: 'error',
      error: {
        type: 'rate_limit_error',
        message:
          "This request would exceed your organization's rate limit of 40,000 input tokens per minute.",
      },
    },
  ],
  [
    'Anthropic, balance',
    400,
    QUOTA,
    {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message:
          'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.',
      },
    },
  ],
  [
    'Anthropic, usage limits',
    400,
    QUOTA,
    {
      type: 'error',
      error: {
        type: 'invalid_request_error',
        message:
          'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
      },
    },
  ],
  [
    'Gemini, a minute with RetryInfo',
    429,
    RATE,
    {
      error: {
        code: 429,
        status: 'RESOURCE_EXHAUSTED',
        message: 'You exceeded your current quota, please check your plan and billing details.',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
            violations: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier' }],
          },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '23s' },
        ],
      },
    },
  ],
  [
    'Gemini, a day, with a RetryInfo that means nothing',
    429,
    QUOTA,
    {
      error: {
        code: 429,
        status: 'RESOURCE_EXHAUSTED',
        message: 'You exceeded your current quota, please check your plan and billing details.',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
            violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', quotaValue: '50' }],
          },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '31s' },
        ],
      },
    },
  ],
  [
    'Azure, a minute',
    429,
    RATE,
    {
      error: {
        code: '429',
        message:
          'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-02-01 have exceeded token rate ' +
          'limit of your current OpenAI S0 pricing tier. Please retry after 6 seconds.',
      },
    },
  ],
  [
    'Azure API Management, quota of a week',
    403,
    QUOTA,
    { statusCode: 403, message: 'Out of call volume quota. Quota will be replenished in 6.03:10:00.' },
  ],
  [
    'OpenRouter, credits',
    402,
    QUOTA,
    { error: { code: 402, message: 'This request requires more credits, or fewer max_tokens.' } },
  ],
  [
    'OpenRouter, free models a minute',
    429,
    RATE,
    {
      error: {
        code: 429,
        message: 'Rate limit exceeded: free-models-per-min.',
        metadata: {
          headers: { 'X-RateLimit-Limit': '20', 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '' },
        },
      },
    },
  ],
  [
    'Groq, tokens a minute',
    429,
    RATE,
    {
      error: {
        message:
          'Rate limit reached for model `llama-3.3-70b` in organization `org_x` service tier `on_demand` on tokens per minute ' +
          '(TPM): Limit 6000, Used 5832, Requested 900. Please try again in 7.32s. Need more tokens? Upgrade to Dev Tier today.',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
  ],
  [
    'Groq, tokens a day',
    429,
    QUOTA,
    {
      error: {
        message:
          'Rate limit reached for model `llama-3.3-70b` on tokens per day (TPD): Limit 100000, Used 99700, Requested 900. ' +
          'Please try again in 8m38.4s.',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
  ],
  ['Mistral, requests a second', 429, RATE, { message: 'Requests rate limit exceeded' }],
  [
    'Mistral, form of 2025',
    429,
    'ASSAY_OVERLOADED',
    {
      object: 'error',
      message: 'Service tier capacity exceeded for this model.',
      type: 'service_tier_capacity_exceeded',
      code: '3505',
    },
  ],
  [
    'vLLM behind a proxy',
    429,
    RATE,
    { object: 'error', message: 'Too many requests', type: 'TooManyRequests', code: 429 },
  ],
  [
    'LiteLLM, budget of a key',
    400,
    QUOTA,
    {
      error: {
        message: 'Budget has been exceeded! Current cost: 10.02, Max budget: 10.0',
        type: 'budget_exceeded',
        param: null,
        code: '400',
      },
    },
  ],
  [
    'LiteLLM, a minute',
    429,
    RATE,
    {
      error: {
        message: 'litellm.RateLimitError: Deployment over user-defined ratelimit. TPM limit=1000',
        type: 'throttling_error',
        code: '429',
      },
    },
  ],
  [
    'DeepSeek, balance',
    402,
    QUOTA,
    { error: { message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' } },
  ],
  [
    'Moonshot, suspended account',
    429,
    QUOTA,
    {
      error: {
        message: 'Your account org-x is suspended, please check your plan and billing details',
        type: 'exceeded_current_quota_error',
      },
    },
  ],
  [
    'Together, a limit by model',
    429,
    RATE,
    {
      error: {
        message:
          'You have reached the rate limit specific to this model. The maximum rate limit for this model is 6.0 queries per minute.',
        type: 'model_rate_limit',
      },
    },
  ],
  [
    'Bedrock',
    429,
    RATE,
    { __type: 'ThrottlingException', message: 'Too many tokens, please wait before trying again.' },
  ],
  [
    'Bedrock behind a gateway',
    400,
    RATE,
    { __type: 'ThrottlingException', message: 'Too many requests, please wait before trying again.' },
  ],
  [
    'a gateway that wraps a limit',
    400,
    RATE,
    { error: { message: 'Rate limit exceeded', type: 'rate_limit_error' } },
  ],
  [
    'a gateway that wraps too much load',
    400,
    'ASSAY_OVERLOADED',
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  ],
  [
    'OpenAI, a request above the limit of a minute',
    429,
    'ASSAY_CONTEXT_LENGTH',
    {
      error: {
        message:
          'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000. The input or output tokens ' +
          'must be reduced in order to run successfully.',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
  ],
  [
    'Groq, a request above the limit of a minute',
    413,
    'ASSAY_CONTEXT_LENGTH',
    {
      error: {
        message:
          'Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 9000, please reduce your ' +
          'message size and try again.',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
  ],
  [
    'Gemini, a key that is not one',
    400,
    'ASSAY_AUTHENTICATION',
    [
      {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
        },
      },
    ],
  ],
  [
    'xAI, a key that is not one',
    400,
    'ASSAY_AUTHENTICATION',
    { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***ey.' },
  ],
  [
    'xAI, a team without credits',
    403,
    QUOTA,
    { code: 'forbidden', error: "Your newly created team doesn't have any credits yet." },
  ],
  ['OpenRouter, a key with a limit', 403, QUOTA, { error: { message: 'Key limit exceeded (total limit).' } }],
  [
    'GitHub, tokens',
    400,
    'ASSAY_CONTEXT_LENGTH',
    { error: { message: 'prompt token count of 70000 exceeds the limit of 64000' } },
  ],
  [
    'a parameter above its limit',
    400,
    'ASSAY_BAD_REQUEST',
    { error: { message: 'max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens' } },
  ],
];

test.each(WORDINGS)('%s: status %i is %s', (_vendor, status, code, body) => {
  const read = readErrorReply(Buffer.from(JSON.stringify(body)));
  expect(classifyStatus({ status, body: read, waitMs: read.waitMs }).code).toBe(code);
});

test.each(WORDINGS.filter(([, status, , body]) => status === 429 && 'error' in (body as object)))(
  '%s: says the same inside a reply of status 200',
  (_vendor, _status, code, body) => {
    const read = readErrorReply(Buffer.from(JSON.stringify(body)));
    if (!/rate_limit|RESOURCE_EXHAUSTED|429|insufficient_quota|throttl/i.test(`${read.type} ${read.code}`))
      return;
    expect(classifyErrorBody(read).code).toBe(code);
  },
);
