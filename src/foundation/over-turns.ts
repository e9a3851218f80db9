/**
 * Calls `work` so many times, at most `most` times in one turn of the event loop: the first in this one, the others in
 * those that follow, as long as `wanted` says so.
 */
export function overTurns(times: number, most: number, work: () => void, wanted: () => boolean): void {
  for (let i = 0; i < times && i < most; i++) work();
  if (times <= most) return;
  setImmediate(() => {
    if (wanted()) overTurns(times - most, most, work, wanted);
  });
}
