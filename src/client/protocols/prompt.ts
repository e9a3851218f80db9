import { AssayError } from '../../errors.js';
import { cannotCarry } from './carry.js';
import { refuseTools, turnsOf } from './conversation.js';
import type { ProtocolRequest } from './protocol.js';
import { readPart } from './read-part.js';

/**
 * The input of a request as one prompt, for a protocol without chat: messages are written as `role: text` lines.
 *
 * @throws AssayError `ASSAY_BAD_REQUEST` for what such a protocol cannot carry (images, tools, …), naming `protocol`.
 */
export function promptOf(protocol: string, { input, parameters }: ProtocolRequest): string {
  if (typeof input === 'string') {
    refuseTools(protocol, { turns: [], tools: parameters.tools });
    return input;
  }
  const turns = turnsOf(input);
  refuseTools(protocol, { turns, tools: parameters.tools });
  if (turns.length === 1) return onlyText(protocol, turns[0]!.content);
  const lines = turns.map(({ role, content }) => `${role}: ${onlyText(protocol, content)}`);
  return `${lines.join('\n')}\nassistant:`;
}

/** The text of a message, refusing what is none. */
export function onlyText(protocol: string, content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((given: unknown) => {
      const part = readPart(given);
      if (part === undefined) {
        const type = String((given as { readonly type?: unknown } | null)?.type);
        throw new AssayError(
          'ASSAY_BAD_REQUEST',
          `${protocol} cannot carry a message part of type ${JSON.stringify(type)}; it takes text`,
        );
      }
      if (part.kind === 'text') return part.text;
      throw cannotCarry(
        protocol,
        part.kind === 'audio' ? 'audio' : part.kind === 'image' ? 'images' : 'files',
      );
    })
    .join('');
}
