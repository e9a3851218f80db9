import { AssayError } from '../errors.js';

/** Two runs were not measured alike, so the difference of their scores would say nothing about the models. */
export class ComparisonRefusedError extends AssayError {
  /** What differs, a line each. */
  readonly differences: readonly string[];

  constructor(differences: readonly string[]) {
    super(
      'ASSAY_COMPARISON_REFUSED',
      `Refused to compare runs that were not scored alike (\`force: true\` does it all the same):\n` +
        differences.map((difference) => `  ${difference}`).join('\n'),
    );
    this.differences = differences;
  }
}
