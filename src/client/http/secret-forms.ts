/**
 * The forms in which others quote a secret, all in lower case ({@link fold}), since servers change that: as it is,
 * URL-encoded (by JavaScript, by forms, every byte, twice), in JSON (every character escaped, too) and in HTML, in Base64
 * (also as a part of a longer text, wherever it begins) and in hexadecimal digits.
 */
export function secretForms(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const url = encodeURIComponent(secret);
  const base64 = bytes.toString('base64');
  const forms = [
    secret,
    url,
    url.replaceAll('%20', '+'),
    encodeURI(secret),
    encodeURIComponent(url),
    bytes.toString('hex').replace(/../g, '%$&'),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(JSON.stringify(secret)).slice(3, -3), // the arguments of a tool call
    secret.replaceAll('/', '\\/'),
    secret.replace(/[&<>"']/g, (character) => `&${HTML[character]!};`),
    secret.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    base64,
    base64.replaceAll('=', ''),
    ...[0, 1, 2].map((before) => insideOfBase64(bytes, before)),
    bytes.toString('hex'),
  ];
  return [...new Set([...forms, ...forms.map(urlSafe)].map(fold))].filter((form) => form !== '');
}

const HTML: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };

const urlSafe = (base64: string): string =>
  /^[A-Za-z0-9+/]+=*$/.test(base64) ? base64.replaceAll('+', '-').replaceAll('/', '_') : base64;

/** A text with each character escaped as in JSON. */
export function escapedUnits(text: string): string {
  return text.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A text with the letters of ASCII in lower case, each character in its place. */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

// What of the Base64 of a longer text depends on the secret alone, when `before` bytes of a group of three precede it.
function insideOfBase64(bytes: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replaceAll('=', '');
  const whole = Math.floor(((before + bytes.length) * 8) / 6);
  return text.slice(Math.ceil((before * 8) / 6), whole);
}

/** Texts that are found behind a text's escapes: percent, backslash and HTML ones; the text itself where it has none. */
export function unescaped(text: string): string {
  if (!/[%\\&]/.test(text)) return text;
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('latin1'))
    .replace(
      /\\u([0-9a-f]{4})|\\x([0-9a-f]{2})/gi,
      (_whole, unit: string | undefined, byte: string | undefined) =>
        String.fromCharCode(Number.parseInt(unit ?? byte!, 16)),
    )
    .replace(/&#(x?)([0-9a-f]{1,6});/gi, (whole, hex: string, digits: string) => {
      const point = Number.parseInt(digits, hex === '' ? 10 : 16);
      return point <= 0xffff ? String.fromCharCode(point) : whole;
    })
    .replace(/&(amp|lt|gt|quot|apos);/g, (_whole, name: string) => BY_NAME[name]!)
    .replaceAll('\\', '');
}

const BY_NAME: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(HTML).map(([character, name]) => [name, character]),
);
