import { nodeCrypto } from '../foundation/late-modules.js';
import { numberOf, UNSEEN } from '../page/unseen.js';

/** What a page is made of beside its body. Styles and scripts are code of this package, never text of others. */
export interface HtmlPageParts {
  readonly title: string;
  readonly styles: string;
  /** Runs before anything is shown. */
  readonly headScript: string;
  /** Runs at the end. */
  readonly script: string;
  /** Whether it asks the server that it comes from. @default false */
  readonly connects?: boolean;
}

/** The policy of a page: it lets only its styles and scripts be used, and nothing be loaded from anywhere else. */
export function pagePolicy({ styles, headScript, script, connects = false }: HtmlPageParts): string {
  return [
    "default-src 'none'",
    ...(connects ? ["connect-src 'self'"] : []),
    `script-src ${hashOf(headScript)} ${hashOf(script)}`,
    `style-src ${hashOf(styles)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** A page up to its body, with its policy. */
export function pageHead(parts: HtmlPageParts): string {
  const { title, styles, headScript } = parts;
  return (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n' +
    `<meta http-equiv="Content-Security-Policy" content="${pagePolicy(parts)}">\n` +
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n' +
    '<meta name="referrer" content="no-referrer">\n' +
    `<title>${escapeHtml(title)}</title>\n<style>${styles}</style>\n<script>${headScript}</script>\n</head>\n`
  );
}

/** Source of a policy that allows exactly this code. */
const hashOf = (code: string): string => `'sha256-${nodeCrypto().hash('sha256', code, 'base64')}'`;

/** Text for a place between tags or in an attribute; characters that nobody sees are written by their number. */
export const escapeHtml = (text: string): string =>
  text
    .replace(UNSEEN, (character) => `[${numberOf(character)}]`)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

const IN_SCRIPT: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** A value as a block of data that nothing in it can end. `attributes` are code of this package. */
export const dataBlock = (attributes: string, value: unknown): string =>
  `<script type="application/json" ${attributes}>${JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => IN_SCRIPT[character] as string)}</script>\n`;

/** A block of data in base64. `attributes` are code of this package. */
export const base64Block = (attributes: string, bytes: Buffer): string =>
  `<script type="application/octet-stream" ${attributes}>${bytes.toString('base64')}</script>\n`;
