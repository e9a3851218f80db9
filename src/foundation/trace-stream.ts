import { ChannelStream } from './channel-stream.js';
import { isQuote, reasoningTagPattern, REASONING_TAGS, type ReasoningHandling } from './reasoning-trace.js';
import type { TracePiece } from './trace-piece.js';

/**
 * Takes reasoning apart from a streamed answer, channels too, by the rules of {@link visibleText}, in whatever pieces it comes: the
 * texts that it gives, from the last piece that retracts on, are that function's text. What may be the beginning of a
 * tag is held back, and so is what follows a tag amid a line until it is clear whether that one is ever closed.
 */
export class TraceStream {
  readonly #tags: RegExp;
  readonly #beginnings: ReadonlySet<string>;
  readonly #longest: number;
  #held = '';
  #mode: 'text' | 'thought' | 'amid' = 'text';
  #amid = ''; // from the opening tag on
  #amidTag = 0; // its length
  #space = ''; // white space before the first visible character of a stretch of text
  #shown = false; // whether a stretch of text has shown anything
  #opens = true; // nothing but blanks since the line or the stretch began
  #tagsSeen = 0;
  #strayTag = 0; // which tag was a closing one of nothing, until something visible follows
  #fences = 0;
  #backticks = 0;
  #last = '';
  /** What came before it was clear whether the answer is in channels; `undefined` afterwards. */
  #beginning: string | undefined;
  #channels: ChannelStream | undefined;

  constructor(names: readonly string[] = REASONING_TAGS) {
    if (names === REASONING_TAGS) this.#beginning = '';
    this.#tags = reasoningTagPattern(names);
    const tags = names.flatMap((name) => [`<${name}`, `</${name}`].map((tag) => tag.toLowerCase()));
    this.#beginnings = new Set(tags.flatMap((tag) => [...tag].map((_, i) => tag.slice(0, i + 1))));
    this.#longest = Math.max(...tags.map(({ length }) => length));
  }

  /** One for what a client does with reasoning; `undefined` where it is kept in the text. */
  static for(handling: ReasoningHandling): TraceStream | undefined {
    if (handling === 'keep') return undefined;
    return new TraceStream(handling === 'apart' ? undefined : handling.tags);
  }

  /** Takes a piece; gives what can be told of now. */
  push(piece: string): TracePiece[] {
    if (this.#channels !== undefined) return this.#channels.push(piece, false);
    if (this.#beginning === undefined) return this.#read(piece, false);
    this.#beginning += piece;
    const inChannels = ChannelStream.begins(this.#beginning);
    return inChannels === undefined ? [] : this.#begin(inChannels);
  }

  #begin(inChannels: boolean): TracePiece[] {
    const beginning = this.#beginning!;
    this.#beginning = undefined;
    if (!inChannels) return this.#read(beginning, false);
    this.#channels = new ChannelStream();
    return this.#channels.push(beginning, false);
  }

  /** The rest, at the end of the answer. */
  end(): TracePiece[] {
    if (this.#channels !== undefined) return this.#channels.push('', true);
    const pieces = [...(this.#beginning === undefined ? [] : this.#begin(false)), ...this.#read('', true)];
    if (this.#mode === 'amid') {
      this.#mode = 'text';
      this.#pass(this.#amid, pieces);
    }
    if (this.#strayTag === 1) pieces.push({ type: 'reasoning', text: '', retracts: true });
    return pieces;
  }

  #read(piece: string, isLast: boolean): TracePiece[] {
    const pieces: TracePiece[] = [];
    const text = this.#held + piece;
    let from = 0;
    let end = isLast ? text.length : this.#mayBegin(text);
    for (const found of text.matchAll(this.#tags)) {
      const after = found.index + found[0].length;
      const afterQuote = isQuote(text[found.index - 1] ?? this.#last);
      if (afterQuote && after === text.length && !isLast) {
        end = Math.min(end, found.index);
        break;
      }
      if (afterQuote && isQuote(text[after] ?? '')) continue;
      this.#pass(text.slice(from, found.index), pieces);
      from = this.#takesTag(found, pieces) ? after : found.index;
    }
    this.#pass(text.slice(from, end), pieces);
    this.#held = text.slice(Math.max(from, end));
    return pieces;
  }

  /** Where a tag may begin that has not come whole. */
  #mayBegin(text: string): number {
    for (let at = Math.max(0, text.length - this.#longest); at < text.length; at++) {
      const rest = text.slice(at).toLowerCase().replace(/^[[◁]/, '<');
      if (this.#beginnings.has(rest)) return at;
    }
    return text.length;
  }

  /** Whether a tag is one, and what it changes. */
  #takesTag([tag, slash]: RegExpExecArray, pieces: TracePiece[]): boolean {
    const closing = slash === '/';
    let amid = '';
    if (!closing && (this.#mode !== 'text' || this.#fences % 2 === 1)) return false;
    this.#tagsSeen++;
    if (!closing) {
      this.#mode = this.#opens ? 'thought' : 'amid';
      if (this.#mode === 'amid') amid = tag;
    } else if (this.#mode === 'text') this.#strayTag = this.#tagsSeen;
    else {
      const thought = this.#amid.slice(this.#amidTag);
      if (thought !== '') pieces.push({ type: 'reasoning', text: thought });
      this.#mode = 'text';
    }
    this.#amid = amid;
    this.#amidTag = amid.length;
    this.#space = '';
    this.#shown = false;
    this.#opens = true;
    this.#last = tag.at(-1)!;
    return true;
  }

  #pass(text: string, pieces: TracePiece[]): void {
    if (text === '') return;
    this.#follow(text);
    if (this.#mode === 'amid') this.#amid += text;
    else if (this.#mode === 'thought') pieces.push({ type: 'reasoning', text });
    else {
      if (!this.#shown && text.trim() === '') {
        this.#space += text;
        return;
      }
      const shown = this.#space + text;
      this.#space = '';
      this.#shown = true;
      if (this.#strayTag > 0) pieces.push({ type: 'reasoning', text: '', retracts: true });
      this.#strayTag = 0;
      pieces.push({ type: 'text', text: shown });
    }
  }

  /** Keeps what later tags depend on: fences, the last character, whether a line has only begun. */
  #follow(text: string): void {
    for (const character of text) {
      this.#backticks = character === '`' ? this.#backticks + 1 : 0;
      if (this.#backticks === 3) {
        this.#fences++;
        this.#backticks = 0;
      }
      if (character === '\n' || character === '\r') this.#opens = true;
      else if (!' \t\ufeff'.includes(character)) this.#opens = false;
      this.#last = character;
    }
  }
}
