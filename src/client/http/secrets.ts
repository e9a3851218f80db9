const SECRET_NAME = /auth|key|token|secret|cookie|password|signature|^sig$|^code$/i;
const MIN_LENGTH = 4;
const REMEMBERED_KEYS = 8;

/**
 * What must not be shown of one endpoint: its key (the last few, where a function gives them), the headers and
 * the members of its query whose names sound like a secret. Servers quote these in their error messages.
 */
export class Secrets {
  readonly #fixed: string[] = [];
  readonly #keys: string[] = [];
  #longestFirst: readonly string[] = [];

  /** `path`: with the query that calls are posted to. */
  constructor(path: string) {
    for (const [name, value] of new URLSearchParams(path.split('?')[1] ?? '')) {
      if (SECRET_NAME.test(name)) this.#add(this.#fixed, value, encodeURIComponent(value));
    }
  }

  /** A header that is sent with every call. */
  addHeader(name: string, value: string): void {
    // A server that refuses `Bearer <key>` may quote the key alone.
    if (SECRET_NAME.test(name)) this.#add(this.#fixed, value, value.slice(value.indexOf(' ') + 1));
  }

  /** A key, fixed or of the moment. */
  addKey(key: string): void {
    if (this.#keys.includes(key)) return;
    this.#add(this.#keys, key);
    if (this.#keys.length > REMEMBERED_KEYS) this.#keys.shift();
  }

  /** The text with every secret replaced. */
  hide(text: string): string {
    return this.#longestFirst.reduce((safe, secret) => safe.replaceAll(secret, '[redacted]'), text);
  }

  #add(list: string[], ...secrets: readonly string[]): void {
    list.push(...secrets.filter((each) => each.length >= MIN_LENGTH));
    // A secret inside another must not leave the other's rest behind.
    this.#longestFirst = [...this.#fixed, ...this.#keys].sort((a, b) => b.length - a.length);
  }
}
