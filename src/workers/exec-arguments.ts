const WITH_VALUE = new Set(['-e', '--eval', '-p', '-pe', '--print', '--input-type']);
const OF_THE_HOST = /^--(input-type|eval|print|inspect[\w-]*|test[\w-]*)(=|$)/;
/** What a thread needs to load the same modules; a flag of V8 or of the process among them would end it at once. */
const OF_MODULES =
  /^(-r|--require|--import|--(experimental-)?loader|-C|--conditions|--enable-source-maps|--preserve-symlinks(-main)?|--(no-)?experimental-(strip-types|transform-types|import-meta-resolve|require-module|default-type)|--no-warnings)(=|$)/;

/**
 * Flags for a worker process: the host's Node flags without those that are about its own entry, since a worker that is
 * started with `--input-type` or a debugger's port fails at once.
 */
export function processExecArguments(ofHost: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < ofHost.length; i++) {
    const argument = ofHost[i]!;
    if (WITH_VALUE.has(argument)) i++;
    else if (!OF_THE_HOST.test(argument)) kept.push(argument);
  }
  return kept;
}

/**
 * Flags for a worker thread. `undefined` lets it inherit the host's, which Node does for all flags alike; where some are
 * about the host's entry, those that concern the loading of modules are passed on by name.
 */
export function threadExecArguments(ofHost: readonly string[]): string[] | undefined {
  const kept = processExecArguments(ofHost);
  if (kept.length === ofHost.length) return undefined;
  // A flag's value may stand by itself behind it.
  return kept.filter(
    (argument, i) =>
      OF_MODULES.test(argument) || (!argument.startsWith('-') && OF_MODULES.test(kept[i - 1] ?? '')),
  );
}
