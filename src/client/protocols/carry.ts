import { AssayError } from '../../errors.js';

/** What a protocol may be unable to carry, and which of the built-in ones can. */
const CARRIERS = {
  images: ['openai-chat', 'openai-responses', 'anthropic-messages', 'ollama-chat'],
  'images by URL': ['openai-chat', 'openai-responses', 'anthropic-messages'],
  audio: ['openai-chat'],
  'audio by URL': [],
  files: ['openai-chat', 'openai-responses', 'anthropic-messages'],
  'files by URL': ['openai-responses', 'anthropic-messages'],
  tools: ['openai-chat', 'openai-responses', 'anthropic-messages', 'ollama-chat'],
  'tool messages': ['openai-chat', 'openai-responses', 'anthropic-messages', 'ollama-chat'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** What cannot be carried, as a refusal names it. */
export type Carried = keyof typeof CARRIERS;

/** The error for a request that a protocol cannot write: sent without what it cannot carry it would be another question. */
export function cannotCarry(protocol: string, what: Carried): AssayError {
  const others = CARRIERS[what].filter((name) => name !== protocol);
  const can = others.length === 0 ? 'no built-in protocol can' : `${others.join(', ')} can`;
  return new AssayError('ASSAY_BAD_REQUEST', `${protocol} cannot carry ${what}; ${can}`);
}

/** The error for a part or message of a request that says too little, or nothing that is known. */
export function unclear(what: string): AssayError {
  return new AssayError('ASSAY_BAD_REQUEST', `Expected ${what}`);
}
