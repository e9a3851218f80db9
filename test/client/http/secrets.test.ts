import fc from 'fast-check';
import { expect, test } from 'vitest';
import { REDACTED } from '../../../src/client/http/reply-secrets.js';
import { SecretStream } from '../../../src/client/http/secret-stream.js';
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

test('every form of several keys is found in an answer, wherever it stands, in either case', () => {
  const key = fc.string({ unit: 'binary-ascii', minLength: 12, maxLength: 40 });
  const letters = fc.string({ unit: 'binary', minLength: 12, maxLength: 40 }); // of any script
  fc.assert(
    fc.property(key, fc.oneof(key, letters), text, text, fc.nat(), (one, other, before, after, which) => {
      const { replies } = secretsOf(one, other);
      const form = replies.forms[which % replies.forms.length]!;
      for (const quoted of [form.text, form.piece.replace(/[a-z]/g, (letter) => letter.toUpperCase())]) {
        expect(replies.mayHold(before + quoted + after)).toBe(true);
        expect(replies.clear(before + quoted + after)).toContain(REDACTED);
      }
    }),
  );
});

function secretsOf(...keys: readonly string[]): Secrets {
  const secrets = new Secrets('/v1');
  for (const key of keys) secrets.addKey(key);
  return secrets;
}

test('without a key an answer is what it is, an empty one too', () => {
  const { replies } = new Secrets('/v1');
  for (const answer of ['', 'sk-proj-abcdEFGH1234567890']) expect(replies.clear(answer)).toBe(answer);
});

test('an answer keeps the words that a key has in common with others, and loses the key', () => {
  const secrets = new Secrets('/v1');
  secrets.addKey('sk-ant-api03-Zq9xW4pB7nM2kT8vRf');
  secrets.addKey('my-company-production-key-1');
  const words = 'Keys of Anthropic begin with sk-ant-api03-, those of my-company-production do not.';
  expect(secrets.replies.clear(words)).toBe(words);
  expect(secrets.replies.clear('SK-ANT-API03-ZQ9XW4PB7NM2KT8VRF, MY-COMPANY-PRODUCTION-KEY-1!')).toBe(
    `${REDACTED}, ${REDACTED}!`,
  );
  expect(secrets.replies.clear('it is sk-ant-api03-Zq9xW4... and so on')).toBe(
    `it is ${REDACTED}... and so on`,
  );
});

test('a streamed answer loses a key that comes in pieces and is cut off, and keeps what only begins like one', () => {
  const secrets = new Secrets('/v1');
  secrets.addKey('sk-Zq9xW4pB7nM2kT8vRf');
  for (const [answer, shown] of [
    ['a SK-ZQ9XW4PB7NM2 and sk-Zq9 b', `a ${REDACTED} and sk-Zq9 b`],
    ['a sk-Zq9xW4pB7', `a ${REDACTED}`],
    ['a sk-Zq9xW4pB7nM2kT8vRf', `a ${REDACTED}`],
    ['a sk-Zq9xW4p', 'a sk-Zq9xW4p'],
  ] as const) {
    for (const size of [1, 3, 100]) {
      const stream = new SecretStream(secrets.replies);
      const pieces = answer.match(new RegExp(`.{1,${size}}`, 'g'))!.map((piece) => stream.push(piece));
      expect(pieces.join('') + stream.end()).toBe(shown);
    }
  }
});
