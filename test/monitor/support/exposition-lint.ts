const METRIC_LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/s;
const LABELS = /^(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*"(?:,(?!$)|$))*$/;

/**
 * What is wrong with a text in Prometheus' exposition format: its grammar, and the rules of `promtool check
 * metrics` (help and type for each family, families in one piece, no series twice, counters end in `_total` and
 * nothing else does, snake case, base units, complete cumulative histograms).
 */
export function lintExposition(text: string): string[] {
  const problems: string[] = [];
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const series = new Set<string>();
  const ended = new Set<string>();
  const histograms = new Map<string, { bounds: number[]; counts: number[]; count?: number; sum?: number }>();
  let current = '';
  if (text !== '' && !text.endsWith('\n')) problems.push('the last line has no line feed');
  for (const line of text.split('\n').slice(0, -1)) {
    const meta = /^# (HELP|TYPE) (\S+) (.*)$/s.exec(line);
    if (meta !== null) {
      const [, kind, name = '', rest = ''] = meta;
      if (name !== current) {
        if (ended.has(name)) problems.push(`${name} comes in two pieces`);
        ended.add(current);
        current = name;
      }
      if (kind === 'HELP') {
        if (helped.has(name) || rest === '') problems.push(`${name} has no help, or two`);
        helped.add(name);
        continue;
      }
      if (types.has(name)) problems.push(`${name} has two types`);
      types.set(name, rest);
      if (!['counter', 'gauge', 'histogram'].includes(rest)) problems.push(`${name} has type ${rest}`);
      if ((rest === 'counter') !== name.endsWith('_total')) problems.push(`${name}: _total is for counters`);
      if (!/^[a-z][a-z0-9_]*$/.test(name)) problems.push(`${name} is not snake case`);
      if (/_(milliseconds|ms|minutes|hours|kilobytes|kb|mb|gb|percent|percentage)(_|$)/.test(name)) {
        problems.push(`${name} is not in a base unit`);
      }
      if (/_(counter|gauge|histogram)(_|$)/.test(name)) problems.push(`${name} names its type`);
      if (rest === 'histogram') histograms.set(name, { bounds: [], counts: [] });
      continue;
    }
    const sample = METRIC_LINE.exec(line);
    if (sample === null) {
      problems.push(`not a line of the format: ${JSON.stringify(line)}`);
      continue;
    }
    const [, name = '', labels = '', value = ''] = sample;
    if (!LABELS.test(labels)) problems.push(`labels of ${JSON.stringify(line)}`);
    if (series.has(`${name}{${labels}`)) problems.push(`${name}{${labels}} comes twice`);
    series.add(`${name}{${labels}`);
    const family = name.replace(/_(bucket|sum|count)$/, '');
    const histogram = histograms.get(family);
    if (histogram === undefined) {
      if (name !== current || !types.has(name) || !helped.has(name)) problems.push(`${name} is not declared`);
      if (types.get(name) === 'counter' && !(Number(value) >= 0)) problems.push(`${name} is below zero`);
      continue;
    }
    if (family !== current) problems.push(`${name} is not declared`);
    if (name.endsWith('_bucket')) {
      histogram.bounds.push(Number(/le="(.*)"/.exec(labels)?.[1]?.replace('+Inf', 'Infinity')));
      histogram.counts.push(Number(value));
    } else if (name.endsWith('_sum')) histogram.sum = Number(value);
    else histogram.count = Number(value);
  }
  for (const [name, { bounds, counts, count, sum }] of histograms) {
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== count || sum === undefined) {
      problems.push(`${name} is not complete`);
    }
    for (let i = 1; i < bounds.length; i++) {
      if (!((bounds[i] as number) > (bounds[i - 1] as number))) problems.push(`${name}: bounds do not rise`);
      if ((counts[i] as number) < (counts[i - 1] as number)) problems.push(`${name}: counts fall`);
    }
  }
  return problems;
}
