import { REDACTED } from './secrets.js';

/**
 * Clears a streamed answer of secrets that come in pieces: the end of what has come is held back while it may be the
 * beginning of one.
 */
export class SecretStream {
  readonly #forms: readonly string[];
  readonly #longest: number;
  readonly #initials: ReadonlySet<string>;
  #held = '';

  /** `forms`: the longest first. */
  constructor(forms: readonly string[]) {
    this.#forms = forms;
    this.#longest = forms[0]?.length ?? 0;
    this.#initials = new Set(forms.map((form) => form.charAt(0)));
  }

  /** Takes a piece; returns what may be shown now. */
  push(piece: string): string {
    let text = this.#held + piece;
    for (const form of this.#forms) if (text.includes(form)) text = text.replaceAll(form, REDACTED);
    const from = this.#beginning(text);
    this.#held = text.slice(from);
    return text.slice(0, from);
  }

  /** What was held back, at the end of the answer. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #beginning(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest + 1); at < text.length; at++) {
      if (!this.#initials.has(text.charAt(at))) continue;
      const end = text.slice(at);
      if (this.#forms.some((form) => form.startsWith(end))) return at;
    }
    return text.length;
  }
}
