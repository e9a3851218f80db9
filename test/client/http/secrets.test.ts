import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REDACTED } from '../../../src/client/http/reply-secrets.js';
import { Secrets } from '../../../src/client/http/secrets.js';

const text = fc.string({ unit: 'binary-ascii', maxLength: 60 });
const secret = fc.string({ unit: 'binary', minLength: 4, maxLength: 40 });

test('every eight characters of a key are hidden wherever they stand, in either case', () => {
  fc.assert(
    fc.property(secret, text, text, fc.nat(), fc.boolean(), (key, before, after, from, upper) => {
      const secrets = new Secrets('/v1');
      secrets.addKey(key);
      const start = from % Math.max(1, key.length - 7);
      const piece = key.slice(start, start + 8);
      const quoted = upper ? piece.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : piece;
      expect(secrets.hide(before + quoted + after)).toContain(REDACTED);
    }),
  );
});

test('a text that holds nothing of a key stays as it is', () => {
  const secrets = new Secrets('/v1');
  secrets.addKey('sk-proj-abcdEFGH1234567890');
  const words = 'req_0af7651916cd43dd8448eb211c80319c: the model is not there';
  expect(secrets.hide(words)).toBe(words);
});
