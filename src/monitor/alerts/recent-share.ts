import type { MonitorTotals, PerformanceSnapshot } from '../performance-snapshot.js';

interface Point {
  readonly time: number;
  readonly part: number;
  readonly whole: number;
}

/** How many windows back a share may reach where nobody says whether a run goes on. */
const MOST_WINDOWS = 5;

/**
 * A share of counts over the window, in measured time; where that holds fewer than `minSamples`, over as many while
 * the work goes on; `null` when there are not so many. It may be asked several times about one snapshot.
 */
export function recentShare(
  part: (totals: MonitorTotals) => number,
  whole: (totals: MonitorTotals) => number,
  { minSamples, windowMs }: { readonly minSamples: number; readonly windowMs: number },
): (snapshot: PerformanceSnapshot) => number | null {
  let points: Point[] = []; // where the whole has grown, and the end of the window
  let time = 0;
  let grownAt = 0;
  let seen: MonitorTotals | undefined;
  return ({ totals, elapsedMs, sinceLastCaseMs, activeWorkers }) => {
    const now: Point = { time, part: part(totals), whole: whole(totals) };
    if (totals !== seen) {
      seen = totals;
      time += elapsedMs;
      const last = points.at(-1);
      // Fewer than before: another monitor, whose counts began anew.
      if (last !== undefined && now.whole < last.whole) points = [{ time, part: 0, whole: 0 }];
      if (last === undefined || now.whole !== last.whole) {
        if (points.length > 0) points.push({ ...(points.at(-1) as Point), time: time - elapsedMs });
        points.push({ ...now, time });
        grownAt = time;
      }
      // The first point is the base: it may go when the next one is old enough and leaves enough behind it.
      while (points.length > 1 && points[1]!.time <= time - windowMs) {
        if (now.whole - points[1]!.whole < minSamples) break;
        points.shift();
      }
    }
    const goesOn = sinceLastCaseMs !== null || activeWorkers !== 0;
    const patience = sinceLastCaseMs === null ? MOST_WINDOWS * windowMs : Number.POSITIVE_INFINITY;
    const base = points.find((_point, index) => (points[index + 1]?.time ?? time) > time - windowMs) ?? now;
    const inWindow = now.whole - base.whole;
    if (inWindow >= minSamples) return (now.part - base.part) / inWindow;
    const first = points[0] ?? now;
    const count = now.whole - first.whole;
    if (!goesOn || time - grownAt > patience || count < minSamples) return null;
    return (now.part - first.part) / count;
  };
}
