import type { Attributes } from '@opentelemetry/api';
import type { TokenUsage } from '../client/model-client.js';
import { GENAI_ATTRIBUTES as A } from './genai-conventions.js';

/** What is known of one call to a model. */
export interface CallFacts {
  readonly operation: string;
  readonly provider: string;
  readonly requestModel: string;
  readonly responseModel?: string | undefined;
  readonly endpoint: string | null;
  /** Error code, when the call failed. */
  readonly error?: string | undefined;
}

/** Attributes that spans and metrics of a call share; all of few different values. */
export function callAttributes(facts: CallFacts): Attributes {
  return {
    [A.operationName]: facts.operation,
    [A.providerName]: facts.provider,
    [A.requestModel]: facts.requestModel,
    ...(facts.responseModel === undefined ? {} : { [A.responseModel]: facts.responseModel }),
    ...(facts.error === undefined ? {} : { [A.errorType]: facts.error }),
    ...serverAttributes(facts.endpoint),
  };
}

/** Attributes for the tokens of a call; none when the server did not say. */
export function usageAttributes(usage: TokenUsage | null): Attributes {
  if (usage === null) return {};
  return {
    [A.inputTokens]: usage.inputTokens,
    [A.outputTokens]: usage.outputTokens,
    ...(usage.cachedInputTokens === undefined ? {} : { [A.cachedInputTokens]: usage.cachedInputTokens }),
  };
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Host and port when the endpoint's id is a URL, never its path, user or query; else the id as the address. */
function serverAttributes(endpoint: string | null): Attributes {
  if (endpoint === null) return {};
  if (!URL.canParse(endpoint)) return { [A.serverAddress]: endpoint };
  const { hostname, port, protocol } = new URL(endpoint);
  if (hostname === '') return { [A.serverAddress]: endpoint };
  const number = port === '' ? DEFAULT_PORTS[protocol] : Number(port);
  return {
    [A.serverAddress]: hostname,
    ...(number === undefined ? {} : { [A.serverPort]: number }),
  };
}
