import { Tally } from './tally.mjs';

/** Tallies by metric name, made at the first figure. */
export class Tallies {
  #byName = new Map();

  constructor(reference, tolerance) {
    this.reference = reference;
    this.tolerance = tolerance;
  }

  compare(metric, caseId, found, expected) {
    let tally = this.#byName.get(metric);
    if (tally === undefined)
      this.#byName.set(metric, (tally = new Tally(metric, this.reference, this.tolerance)));
    tally.compare(caseId, found, expected);
  }

  all() {
    return [...this.#byName.values()];
  }
}
