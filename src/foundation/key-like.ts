const SECRET_NAME =
  /auth|key|token|secret|cookie|passw|passphrase|pwd|credential|session|signature|bearer|jwt|^sig$|^code$/i;
const SECRET_WORD =
  /^(key|token|secret|password|passphrase|credentials?|authorization|cookie|signature|jwt)$/i;
const KNOWN_BEGINNING =
  /^(bearer|basic)\s|^["']?(sk|pk|rk|key|tok|token|gh[opsu]|github_pat|glpat|xox[abprs]|hf|gsk|nvapi|r8|pplx|akia|asia|aiza|eyj)[-_]?(?=[a-z0-9_-]{8})/i;

/** Whether a header, a query member or an option of this name is likely to carry a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * Whether a text is distinctive enough to be taken for a secret wherever it stands, also in a model's answer: `EMPTY`
 * and `ollama`, which servers without keys are given, are not.
 */
export function isDistinctive(secret: string): boolean {
  return secret.length >= 12 || (secret.length >= 8 && /\d/.test(secret) && /[a-z]/i.test(secret));
}

/**
 * Whether a text that nobody called a secret looks like one: it begins as vendors' keys do, or is one word of 16
 * characters or more with digits among letters that no name would have. `gpt-4.1-mini-2025-04-14` does not.
 */
export function looksLikeKey(text: string): boolean {
  const head = text.slice(0, 200);
  if (KNOWN_BEGINNING.test(head) && !isName(head)) return true;
  if (head.length < 16 || /[\s/]|:\/\//.test(head)) return false;
  return /\d/.test(head) && /[a-z]/i.test(head) && !isName(head);
}

/** Whether a text is made of words, and numbers of at most four digits with a letter or two, as names of models, files and versions are. */
export function isName(text: string): boolean {
  return text
    .split(/[-_.:/@+\s]+/)
    .every((part) => /^([A-Z]?[a-z]*|[A-Z]*|[a-z]{0,5}\d{1,4}[a-z]{0,2}|\d{8})$/.test(part));
}

const WORD = /[^\s"'`,;()<>=]+/g;
const CREDENTIALS = /\b(bearer|basic)\s+[^\s"'`,;]{8,}/gi;
const PASSWORD_OF_URL = /(:\/\/)[^\s/@]*@/g;

/**
 * A message of somebody else without what looks like a key in it: words that begin as vendors' keys do, credentials of a
 * header, the user of an address.
 */
export function redactKeys(message: string): string {
  return message
    .replace(PASSWORD_OF_URL, '$1[redacted]@')
    .replace(CREDENTIALS, '$1 [redacted]')
    .replace(WORD, (word) => (KNOWN_BEGINNING.test(word) && !isName(word) ? '[redacted]' : word));
}

/**
 * Plain data with the text of members that are called a key replaced: what goes into descriptions that are stored.
 * Parameters of a model are mostly numbers; some gateways take a key among them.
 */
export function withoutKeys(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 8) return value;
  if (Array.isArray(value)) return value.map((each) => withoutKeys(each, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      typeof member === 'string' && isKeyMember(name, member) ? '[redacted]' : withoutKeys(member, depth + 1),
    ]),
  );
}

/** Whether a text member of a body is a key: called one by its last word (`api_key`, not `tokenizer`), and distinctive. */
export function isKeyMember(name: string, value: string): boolean {
  const last = name.match(/[A-Z]?[a-z]+|[A-Z]+/g)?.at(-1) ?? '';
  return SECRET_WORD.test(last) && isDistinctive(value);
}
