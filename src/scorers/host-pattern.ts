/** A host's pattern for the first match. Its flags g and y are dropped: they keep a place from one answer to the next. */
export const singlePattern = (pattern: RegExp): RegExp => new RegExp(pattern.source, flagsOf(pattern));

/** A host's pattern for every match. */
export const globalPattern = (pattern: RegExp): RegExp => new RegExp(pattern.source, `${flagsOf(pattern)}g`);

/** All groups of a pattern, by number (0 is the whole match) and by name, whatever they hold. */
export const groupsOf = (pattern: RegExp): RegExpExecArray =>
  new RegExp(`${pattern.source}|`, flagsOf(pattern)).exec('')!; // `or nothing` makes it match

const flagsOf = (pattern: RegExp): string => pattern.flags.replace(/[gy]/g, '');

/** Where a group of a match stands; `undefined` when it took no part. */
export type GroupLocator = (
  match: RegExpExecArray,
  group: number | string,
) => { readonly start: number; readonly end: number } | undefined;

/** Builds what finds the groups of a pattern's matches: only those are run again, with the indices that cost time. */
export function groupLocator(pattern: RegExp): GroupLocator {
  const placing = new RegExp(pattern.source, `${flagsOf(pattern).replace('d', '')}dy`);
  return (match, group) => {
    if (group === 0) return { start: match.index, end: match.index + match[0].length };
    placing.lastIndex = match.index;
    const indices = placing.exec(match.input)?.indices;
    const place = typeof group === 'number' ? indices?.[group] : indices?.groups?.[group];
    return place === undefined ? undefined : { start: place[0], end: place[1] };
  };
}
