import { plainText } from '../../foundation/plain-text.js';
import type { Ends } from '../../statistics/paired-table.js';
import type { AnchoredData } from './anchored-data.js';
import type { Figure } from './judge-agreement.js';
import { things } from '../../foundation/counted.js';

/** An anchored mean in words. */
export function formatAnchored(found: AnchoredData): string {
  const { metric, paired, mean, interval, level, labels, items, form, lambda, reason, agreement, clusters } =
    found;
  const of = paired ? `difference of ${metric}` : `mean of ${metric}`;
  const lines = [
    `${of} ${score(mean)}, between ${range(interval)} (${percent(level)}), by ${things(labels, 'label')} of ${things(items, 'answer')}` +
      (clusters === null ? '.' : ` in ${things(clusters, 'cluster')}.`),
    `  the judge alone says ${score(found.judgeMean)}; it is ${bias(found.judgeBias)} (between ${range(found.judgeBias.interval)})`,
  ];
  if (agreement !== null) {
    const parts = [`agrees with ${figure(agreement.agreement)} of the labels`];
    if (agreement.kappa !== null) parts.push(`kappa ${figure(agreement.kappa)}`);
    if (agreement.truePositiveRate !== null)
      parts.push(`passes ${figure(agreement.truePositiveRate)} of the right ones`);
    if (agreement.trueNegativeRate !== null)
      parts.push(`fails ${figure(agreement.trueNegativeRate)} of the wrong ones`);
    lines.push(`  it ${parts.join(', ')}`);
  } else if (found.correlation !== null)
    lines.push(`  correlation of judge and labels ${score(found.correlation)}`);
  if (reason !== null) lines.push(`  by the labels alone: ${reason}`);
  else {
    const saved =
      found.labelsSaved === null
        ? ''
        : `; as good as ${Math.round(labels + found.labelsSaved)} labels without the judge`;
    lines.push(`  ${form}, weight of the judge ${score(lambda)}${saved}`);
  }
  if (found.labelsSkipped > 0)
    lines.push(
      `  left out: ${things(found.labelsSkipped, 'label')} of answers that the judge has not scored`,
    );
  return lines.map(plainText).join('\n');
}

const score = (value: number): string => String(Number(value.toFixed(4)));
const range = ([low, high]: Ends): string => `${score(low)} and ${score(high)}`;
const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;
const figure = ({ value, interval }: Figure): string =>
  `${score(value)} (${score(interval[0])} to ${score(interval[1])})`;
/** A bias whose interval holds 0 is not shown; that is not the same as none. */
function bias({ value, interval }: Figure): string {
  const isShown = interval[0] > 0 || interval[1] < 0;
  if (Math.abs(value) < 0.00005) return 'not shown to be too high or too low';
  const size = `${score(Math.abs(value))} too ${value > 0 ? 'high' : 'low'} on average`;
  return isShown ? size : `${size}, which may be chance`;
}
