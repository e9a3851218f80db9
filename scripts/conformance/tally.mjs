import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Where the real data lies: ASSAYKIT_DATA, or ../shared/data beside the checkout. */
export const dataFolder = resolve(process.env.ASSAYKIT_DATA || '../shared/data');

export const readReference = (name) =>
  JSON.parse(readFileSync(new URL(`../../test/reference/${name}.json`, import.meta.url), 'utf8'));

export const readRows = (name) =>
  readFileSync(resolve(dataFolder, name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Collects, for one metric, how many reference cases there are and how far the furthest figure is off. */
export class Tally {
  #cases = new Set();
  #figures = 0;
  #largest = 0;
  #furthest = '';

  constructor(metric, reference, tolerance) {
    this.metric = metric;
    this.reference = reference;
    this.tolerance = tolerance;
  }

  /** Compares a figure; relative above 1. What is undefined in the reference must be undefined here. */
  compare(caseId, found, expected) {
    this.#cases.add(caseId);
    this.#figures++;
    const deviation = deviationOf(found, expected);
    if (!(deviation <= this.#largest)) {
      this.#largest = deviation;
      this.#furthest = String(caseId);
    }
  }

  row() {
    return {
      metric: this.metric,
      reference: this.reference,
      cases: this.#cases.size,
      figures: this.#figures,
      largest: this.#largest,
      furthest: this.#furthest,
      tolerance: this.tolerance,
      holds: this.#largest <= this.tolerance,
    };
  }
}

function deviationOf(found, expected) {
  if (typeof expected !== 'number' || typeof found !== 'number') {
    return JSON.stringify(found ?? null) === JSON.stringify(expected ?? null) ? 0 : Infinity;
  }
  return Math.abs(found - expected) / Math.max(1, Math.abs(expected));
}
