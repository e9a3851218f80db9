/** Text within a message. */
export interface TextPart {
  /** Which kind of part it is. */
  readonly type: 'text';
  /** The text. */
  readonly text: string;
}

/** What a part holds: bytes, base64, a `data:` URL, or the `http(s)` URL of something that the server shall fetch. */
export type PartData = string | Uint8Array | URL;

/** An image within a message. */
export interface ImagePart {
  /** Which kind of part it is. */
  readonly type: 'image';
  /** The image. */
  readonly data: PartData;
  /** As `image/png`. @default told from the bytes of PNG, JPEG, GIF and WebP */
  readonly mediaType?: string | undefined;
  /** How closely the model shall look; only OpenAI's protocols have it. */
  readonly detail?: 'auto' | 'low' | 'high' | undefined;
}

/** Sound within a message. */
export interface AudioPart {
  /** Which kind of part it is. */
  readonly type: 'audio';
  /** The sound. */
  readonly data: PartData;
  /** As `audio/wav`. @default told from the bytes of WAV and MP3 */
  readonly mediaType?: string | undefined;
}

/** A file within a message. */
export interface FilePart {
  /** Which kind of part it is. */
  readonly type: 'file';
  /** The file. */
  readonly data: PartData;
  /** As `application/pdf`. @default told from the bytes of a PDF */
  readonly mediaType?: string | undefined;
  /** Name of the file, for the model. */
  readonly filename?: string | undefined;
}

/** A part of a message, in one shape for all protocols: each writes it in its own, or refuses it by name. */
export type MessagePart = TextPart | ImagePart | AudioPart | FilePart;
