import { AssayError } from '../../errors.js';

const ASTRAL = /[\ud800-\udbff][\udc00-\udfff]/;

/**
 * The same texts with one UTF-16 unit for each code point, so that code that works by unit (fastest-levenshtein,
 * substrings) works by code point. Texts without astral characters come back as they are; others are spelled with
 * stand-ins, the same for all texts of a call.
 *
 * @throws AssayError `ASSAY_INVALID_INPUT` when the texts together hold more than 65,536 different characters.
 */
export function oneUnitEach(texts: readonly string[]): readonly string[] {
  if (!texts.some((text) => ASTRAL.test(text))) return texts;
  const units = new Map<string, string>();
  return texts.map((text) => {
    let spelled = '';
    for (const character of text) {
      let unit = units.get(character);
      if (unit === undefined) {
        if (units.size > 0xffff) {
          throw new AssayError('ASSAY_INVALID_INPUT', 'The texts hold more than 65,536 different characters');
        }
        units.set(character, (unit = String.fromCharCode(units.size)));
      }
      spelled += unit;
    }
    return spelled;
  });
}
