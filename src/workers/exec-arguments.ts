const WITH_VALUE = new Set(['-e', '--eval', '-p', '-pe', '--print', '--input-type']);
const OF_THE_HOST = /^--(input-type|eval|print|inspect[\w-]*|test)(=|$)/;

/**
 * The host's Node flags (loaders, conditions, `--enable-source-maps`) without those that are about its own entry:
 * a worker that is started with `--input-type` or a debugger's port fails at once.
 */
export function workerExecArguments(ofHost: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < ofHost.length; i++) {
    const argument = ofHost[i]!;
    if (WITH_VALUE.has(argument)) i++;
    else if (!OF_THE_HOST.test(argument)) kept.push(argument);
  }
  return kept;
}
