import { parseDecimal, type Decimal } from '../../foundation/decimal.js';

/** Which sign parts the whole from the fraction: known, or to be seen from the number itself. */
export type DecimalMark = 'point' | 'comma' | 'auto';

/** A run of digits as it was written, with its separators. */
export interface WrittenDigits {
  /** `undefined`: a version, a date or the like. */
  readonly value: Decimal | undefined;
  /** Characters taken. */
  readonly length: number;
  /** Whether a fraction or separators were written: `3.0 1/2` is no mixed number. */
  readonly plain: boolean;
  /** Whether commas part a list: `1,2,3`. */
  readonly listed?: boolean;
}

const RUN = /\d+(?:(?:[.,'’_\u00a0\u2009\u202f]|\{,\}|\\[,!]|,\\!| (?=\d{3}(?!\d)))\d+)*/y;
const SEPARATOR = /\{,\}|,\\!|\\[,!]|[.,'’_\u00a0\u2009\u202f ]/g;

/** Reads the digits at a place: `1,234`, `12,5`, `1.234,56`, `18 000`, `1{,}234`, `12,34,567`. */
export function writtenDigits(text: string, at: number, mark: DecimalMark): WrittenDigits | undefined {
  RUN.lastIndex = at;
  const run = RUN.exec(text)?.[0];
  if (run === undefined) return undefined;
  if (!/\D/.test(run)) return { value: parseDecimal(run), length: run.length, plain: true };
  const groups: string[] = [];
  const marks: string[] = [];
  const ends: number[] = [];
  let from = 0;
  for (const found of run.matchAll(SEPARATOR)) {
    groups.push(run.slice(from, found.index));
    ends.push(found.index);
    marks.push(plainSeparator(found[0]));
    from = found.index + found[0].length;
  }
  groups.push(run.slice(from));
  ends.push(run.length);
  return interpret(mark, { groups, marks, ends });
}

const plainSeparator = (written: string): string =>
  written === '{,}' || written === ',\\!'
    ? ','
    : /^[\\\u00a0\u2009\u202f ]/.test(written)
      ? ' '
      : written.replace('’', "'");

function interpret(
  mark: DecimalMark,
  {
    groups,
    marks,
    ends,
  }: {
    readonly groups: readonly string[];
    readonly marks: readonly string[];
    readonly ends: readonly number[];
  },
): WrittenDigits {
  const taken = (count: number, digits: string, more: Partial<WrittenDigits> = {}): WrittenDigits => ({
    value: parseDecimal(digits),
    length: ends[count - 1]!,
    plain: false,
    ...more,
  });
  const first = groups[0]!;
  const sign = marks[0]!;
  let same = 1;
  while (marks[same] === sign) same++;
  const grouped = groupedBy(groups, same);
  const whole = groups.slice(0, same + 1).join('');
  const next = marks[same];
  const fraction = groups[same + 1];
  if (sign !== ',' && sign !== '.') {
    // only grouping is written with these; `2020 100` are two numbers
    if (!grouped) return taken(1, first, { plain: true });
    if (next === '.' || next === ',') return taken(same + 2, `${whole}.${fraction}`);
    return taken(same + 1, whole);
  }
  if (
    grouped &&
    next !== undefined &&
    next !== sign &&
    (next === '.' || next === ',') &&
    marks[same + 1] === undefined
  )
    return taken(same + 2, `${whole}.${fraction}`);
  if (same > 1) {
    if (grouped && (next === undefined || next === ' ')) return taken(same + 1, whole);
    if (sign === ',') return { ...taken(1, first), listed: true, length: ends.at(-1)! };
    return { value: undefined, length: ends.at(-1)!, plain: false }; // 1.2.3
  }
  if (next !== undefined && next !== ' ')
    return { ...taken(1, first), listed: marks.includes(','), length: ends.at(-1)! };
  const second = groups[1]!;
  const inThrees = grouped && first !== '0';
  const asFraction = `${first}.${second}`;
  const own = sign === ',' ? 'comma' : 'point';
  if (!inThrees) return taken(2, asFraction);
  const other = own === 'comma' ? 'point' : 'comma';
  const readsAsGroup = mark === other || (mark === 'auto' && sign === ',');
  return taken(2, readsAsGroup ? whole : asFraction);
}

/** Groups of three after one of one to three; or as in `12,34,567`, of two before the last. */
function groupedBy(groups: readonly string[], separators: number): boolean {
  const [first, ...others] = groups.slice(0, separators + 1);
  if (others.every(({ length }) => length === 3)) return first!.length <= 3;
  const last = others.pop()!;
  return (
    first!.length <= 2 && last.length === 3 && others.length > 0 && others.every(({ length }) => length === 2)
  );
}
