import { describe, expect, it } from 'vitest';
import { redactKeys } from '../../src/foundation/key-like.js';

describe('a message of somebody else', () => {
  it.each([
    ['Incorrect API key provided: sk-proj-abcdefgh12345678.', 'Incorrect API key provided: [redacted]'],
    ['key="hf_abcdefghij0123456789"', 'key="[redacted]"'],
    ['Authorization: Bearer abcdefgh.ijkl', 'Authorization: Bearer [redacted]'],
    ['connect postgres://me:secret@db:5432/x', 'connect postgres://[redacted]@db:5432/x'],
  ])('%j is shown as %j', (message, shown) => {
    expect(redactKeys(message)).toBe(shown);
  });

  it.each([
    'No run "run-2026-11-29T19-34-41-825Z-a04q"',
    'the basic idea is token-bucket, key-value',
    'http://127.0.0.1:8000/v1/chat answered 500',
    'gpt-4.1-mini-2025-04-14 at user@host',
  ])('%j is shown as it is', (message) => {
    expect(redactKeys(message)).toBe(message);
  });
});
