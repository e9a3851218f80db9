import { AssayError } from '../errors.js';
import { show } from '../foundation/options.js';

/** A variable in a text: the names of its path. */
export interface TemplateVariable {
  readonly path: readonly string[];
}

/** A text with places for variables, read. */
export type TemplateText = readonly (string | TemplateVariable)[];

const NAME = /^[\p{L}\p{N}_$-]+$/u;

/**
 * Reads `Answer in {{language}}: {{input.question}}`. A backslash before the braces makes them text: `\{{`. A single brace is
 * text anyway.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION` for braces that are not closed and for what is no name between them.
 */
export function readTemplate(text: string): TemplateText {
  const parts: (string | TemplateVariable)[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    if (text.startsWith('\\{{', at)) {
      plain += '{{';
      at += 3;
      continue;
    }
    if (!text.startsWith('{{', at)) {
      plain += text[at++];
      continue;
    }
    const end = text.indexOf('}}', at);
    const inner = end < 0 ? undefined : text.slice(at + 2, end).trim();
    const path = inner?.split('.') ?? [];
    if (inner === undefined || !path.every((name) => NAME.test(name))) {
      throw new AssayError(
        'ASSAY_INVALID_OPTION',
        `Expected {{ at character ${at + 1} of a prompt to begin a variable such as {{question}} (write \\{{ for the braces ` +
          `themselves), got ${show(text.slice(at, at + 40))}`,
      );
    }
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push({ path });
    at = end + 2;
  }
  if (plain !== '') parts.push(plain);
  return parts;
}

/** The variables of a text, each once, as they are written. */
export function variablesOf(texts: readonly TemplateText[]): string[] {
  const names = texts.flat().flatMap((part) => (typeof part === 'string' ? [] : [part.path.join('.')]));
  return [...new Set(names)];
}

/** Fills a text in. Values are put in as they are: braces in them are text. */
export function fillTemplate(
  template: TemplateText,
  valueOf: (variable: TemplateVariable) => unknown,
): string {
  let filled = '';
  for (const part of template) filled += typeof part === 'string' ? part : textOf(valueOf(part));
  return filled;
}

/** A text as it is, other values as JSON writes them; nothing for a value that is missing (whoever looked it up has noted it). */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
