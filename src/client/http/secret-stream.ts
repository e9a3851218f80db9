import { hidden, type ReplySecrets } from './reply-secrets.js';
import { fold } from './secret-forms.js';

/**
 * Clears a streamed answer of secrets that come in pieces: the end of what has come is held back while it may be the
 * beginning of one, or of the rest of one.
 */
export class SecretStream {
  readonly #secrets: ReplySecrets;
  readonly #longest: number;
  readonly #initials: ReadonlySet<string>;
  #held = '';

  constructor(secrets: ReplySecrets) {
    const texts = secrets.forms.map(({ text }) => text);
    this.#secrets = secrets;
    this.#longest = Math.max(...texts.map(({ length }) => length));
    this.#initials = new Set(texts.map((text) => text.charAt(0)));
  }

  /** Takes a piece; returns what may be shown now. */
  push(piece: string): string {
    const text = this.#held + piece;
    const places = this.#secrets.find(text);
    const [start = 0, end = 0] = places.at(-1) ?? [];
    const folded = fold(text);
    const goesOn = end === text.length && this.#begins(folded.slice(start));
    const from = goesOn ? start : this.#beginning(folded, end);
    this.#held = text.slice(from);
    return hidden(text.slice(0, from), goesOn ? places.slice(0, -1) : places);
  }

  /** What was held back, at the end of the answer. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return this.#secrets.clear(rest);
  }

  #beginning(folded: string, end: number): number {
    for (let at = Math.max(end, folded.length - this.#longest + 1); at < folded.length; at++) {
      if (this.#initials.has(folded.charAt(at)) && this.#begins(folded.slice(at))) return at;
    }
    return folded.length;
  }

  /** Whether a form begins with this text, and has more. */
  #begins(text: string): boolean {
    return this.#secrets.forms.some((form) => form.text.length > text.length && form.text.startsWith(text));
  }
}
