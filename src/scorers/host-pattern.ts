/** A host's pattern for the first match. Its flags g and y are dropped: they keep a place from one answer to the next. */
export const singlePattern = (pattern: RegExp): RegExp => new RegExp(pattern.source, flagsOf(pattern));

/** A host's pattern for every match. */
export const globalPattern = (pattern: RegExp): RegExp => new RegExp(pattern.source, `${flagsOf(pattern)}g`);

/** All groups of a pattern, by number (0 is the whole match) and by name, whatever they hold. */
export const groupsOf = (pattern: RegExp): RegExpExecArray =>
  new RegExp(`${pattern.source}|`, flagsOf(pattern)).exec('')!; // `or nothing` makes it match

const flagsOf = (pattern: RegExp): string => pattern.flags.replace(/[gy]/g, '');
