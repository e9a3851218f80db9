/** Kinds of metric that are written. */
export type MetricType = 'counter' | 'gauge';

/** One sample: its labels and value. `null` values are left out. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | null];

/** What a histogram has counted. */
export interface HistogramCounts {
  /** Upper ends of the buckets, ascending. */
  readonly bounds: readonly number[];
  /** Values up to each bound, and the count of all. */
  readonly cumulative: readonly number[];
  /** Sum of the values. */
  readonly sum: number;
}

/**
 * Writer of Prometheus' text exposition format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export class Exposition {
  #text = '';

  /** Writes a family with its samples; nothing when no sample has a value. */
  family(
    name: string,
    {
      type,
      help,
      samples,
    }: { readonly type: MetricType; readonly help: string; readonly samples: readonly Sample[] },
  ): void {
    const known = samples.filter(([, value]) => value !== null);
    if (known.length === 0) return;
    this.#head(name, type, help);
    for (const [labels, value] of known) this.#sample(name, labels, value as number);
  }

  /** Writes a histogram. */
  histogram(name: string, help: string, { bounds, cumulative, sum }: HistogramCounts): void {
    this.#head(name, 'histogram', help);
    for (const [i, bound] of bounds.entries()) {
      this.#sample(`${name}_bucket`, { le: String(bound) }, cumulative[i] ?? 0);
    }
    const all = cumulative.at(-1) ?? 0;
    this.#sample(`${name}_bucket`, { le: '+Inf' }, all);
    this.#sample(`${name}_sum`, {}, sum);
    this.#sample(`${name}_count`, {}, all);
  }

  /** The whole text. */
  toString(): string {
    return this.#text;
  }

  #head(name: string, type: string, help: string): void {
    this.#text += `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}\n# TYPE ${name} ${type}\n`;
  }

  #sample(name: string, labels: Readonly<Record<string, string>>, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
    this.#text += `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${formatValue(value)}\n`;
  }
}

/** Label values may be any text; backslash, quote and line feed are escaped, lone surrogates replaced. */
function escapeLabel(text: string): string {
  return text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/\\/g, '\\\\')
    .replace(/\n/g, '\\n')
    .replace(/"/g, '\\"');
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
