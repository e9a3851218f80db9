import { record, textField } from './protocol.js';
import { unclear } from './carry.js';

/** A part of a message, whatever shape it came in, ready to be written in another. */
export interface ReadPart {
  readonly kind: 'text' | 'image' | 'audio' | 'file';
  /** The text of a text. */
  readonly text: string;
  /** Where the server shall fetch it; `undefined` when it comes along. */
  readonly url: string | undefined;
  /** What comes along; empty with a URL. */
  readonly base64: string;
  /** Empty when nobody said and the bytes do not tell. */
  readonly mediaType: string;
  readonly filename: string | undefined;
  readonly detail: string | undefined;
}

/**
 * Reads a part of a message in our own shape, in that of the AI SDK, or in the one of OpenAI's or Anthropic's protocols;
 * `undefined` for others, which only the server can know.
 */
export function readPart(part: unknown): ReadPart | undefined {
  if (typeof part === 'string') return textPart(part);
  const given = record(part);
  const { type } = given;
  switch (type) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return textPart(textField(given, 'text') ?? '');
    case 'image':
      return mediaPart('image', given, sourceOf(given) ?? given['data'] ?? given['image'] ?? given['url']);
    case 'image_url':
    case 'input_image': {
      const image = given['image_url'];
      if (typeof image === 'string') return mediaPart('image', given, image);
      return image === undefined ? undefined : mediaPart('image', record(image), record(image)['url']);
    }
    case 'audio':
      return mediaPart('audio', given, given['data'] ?? given['audio'] ?? given['url']);
    case 'input_audio': {
      const { data, format } = record(given['input_audio']);
      return mediaPart(
        'audio',
        { mediaType: format === undefined ? undefined : `audio/${String(format)}` },
        data,
      );
    }
    case 'file':
    case 'input_file': {
      const file = given['file'] === undefined ? given : record(given['file']);
      if (file['file_id'] !== undefined) return undefined; // of something that lies on the server
      const data = file['data'] ?? file['file_data'] ?? file['file_url'] ?? file['url'];
      const kind = /^(?:image|audio)(?=\/)/.exec(textField(given, 'mediaType') ?? '')?.[0] ?? 'file';
      return mediaPart(kind as 'image' | 'audio' | 'file', file, data);
    }
    case 'document':
      return mediaPart('file', { ...given, filename: given['title'] }, sourceOf(given));
    default:
      return undefined;
  }
}

const NO_MEDIA = { url: undefined, base64: '', mediaType: '', filename: undefined, detail: undefined };

function textPart(text: string): ReadPart {
  return { ...NO_MEDIA, kind: 'text', text };
}

/** Anthropic's `source`: as a `data:` URL, or the URL that it names. */
function sourceOf(part: Record<string, unknown>): unknown {
  if (part['source'] === undefined) return undefined;
  const source = record(part['source']);
  if (source['type'] === 'url') return source['url'];
  if (source['type'] === 'text')
    return `data:text/plain,${encodeURIComponent(textField(source, 'data') ?? '')}`;
  return `data:${textField(source, 'media_type') ?? ''};base64,${textField(source, 'data') ?? ''}`;
}

function mediaPart(
  kind: 'image' | 'audio' | 'file',
  given: Record<string, unknown>,
  data: unknown,
): ReadPart {
  const said =
    textField(given, 'mediaType') ?? textField(given, 'media_type') ?? textField(given, 'mimeType');
  const named = {
    kind,
    text: '',
    filename: textField(given, 'filename'),
    detail: textField(given, 'detail'),
  };
  if (data instanceof Uint8Array) {
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    return { ...named, url: undefined, base64, mediaType: said ?? sniffed(base64) };
  }
  const text = data instanceof URL ? data.href : data;
  if (typeof text !== 'string' || text === '') {
    throw unclear(`\`data\` of ${withArticle(kind)} part to be base64, a data: or http(s) URL, or bytes`);
  }
  if (/^https?:\/\//i.test(text)) return { ...named, url: text, base64: '', mediaType: said ?? '' };
  const inline = /^data:([^,;]*)((?:;[^,;]*)*),/i.exec(text);
  if (inline === null) return { ...named, url: undefined, base64: text, mediaType: said ?? sniffed(text) };
  const [head, type = '', how = ''] = inline;
  const rest = text.slice(head.length);
  const base64 = /;base64$/i.test(how) ? rest : Buffer.from(decodeURIComponent(rest)).toString('base64');
  return { ...named, url: undefined, base64, mediaType: said ?? (type === '' ? sniffed(base64) : type) };
}

/** How the formats begin whose first bytes tell them, in base64. */
const MAGIC: readonly (readonly [RegExp, string])[] = [
  [/^iVBORw0KGgo/, 'image/png'],
  [/^\/9j\//, 'image/jpeg'],
  [/^R0lGOD/, 'image/gif'],
  [/^UklGR.{6}XRUJQ/, 'image/webp'],
  [/^UklGR.{6}XQVZF/, 'audio/wav'],
  [/^(?:SUQz|\/\/)/, 'audio/mpeg'],
  [/^JVBERi0/, 'application/pdf'],
];

function sniffed(base64: string): string {
  return MAGIC.find(([begin]) => begin.test(base64))?.[1] ?? '';
}

/** A part as a `data:` URL, or the URL where it lies. */
export function urlOf({ kind, url, base64, mediaType }: ReadPart): string {
  if (url !== undefined) return url;
  return `data:${knownType(kind, mediaType)};base64,${base64}`;
}

/** The media type of a part that must name one. */
export function knownType(kind: ReadPart['kind'], mediaType: string): string {
  if (mediaType !== '') return mediaType;
  throw unclear(`\`mediaType\` with ${withArticle(kind)} part whose bytes do not tell it`);
}

const withArticle = (kind: ReadPart['kind']): string => (kind === 'file' ? 'a file' : `an ${kind}`);
