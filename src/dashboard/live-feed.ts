import type { ServerResponse } from 'node:http';

/** Pages that follow at once, at most. */
const MOST_READERS = 32;

/**
 * Sends the same messages to all pages that follow (server-sent events). A page that reads more slowly than is sent gets
 * no more until it has read what it has: what it misses is dropped, never kept.
 */
export class LiveFeed {
  readonly #readers = new Set<ServerResponse>();
  readonly #behind = new WeakSet<ServerResponse>();

  /** How many pages follow. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Begins to send; answers whether there was room for one more. The reader is let go once its connection closes. */
  add(response: ServerResponse, first: string): boolean {
    if (this.#readers.size >= MOST_READERS) return false;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    this.#readers.add(response);
    response.on('error', () => {}); // it closes
    response.on('drain', () => this.#behind.delete(response));
    response.on('close', () => this.#readers.delete(response));
    this.#write(response, messageOf(first));
    return true;
  }

  /** Sends a text without line breaks to every page that keeps up. */
  send(text: string): void {
    const message = messageOf(text);
    for (const reader of this.#readers) if (!this.#behind.has(reader)) this.#write(reader, message);
  }

  /** Ends all. */
  close(): void {
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  #write(reader: ServerResponse, message: Buffer): void {
    if (!reader.write(message)) this.#behind.add(reader);
  }
}

const messageOf = (text: string): Buffer => Buffer.from(`data: ${text}\n\n`);
