import type { LiveAlert, LiveDecision, LiveEndpoint, LiveRun } from '../dashboard-data.js';
import { quotedIfBlank } from '../../foundation/plain-text.js';
import { count } from '../../foundation/counted.js';
import { duration, money, percent, score, signed } from '../figures.js';
import { runAddress } from './addresses.js';
import { KeyedTable } from './keyed-table.js';

const rate = (perSecond: number): string => `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`;
const clock = (at: number): string => new Date(at).toLocaleTimeString();
const between = (low: number | null, high: number | null, text = score): string =>
  low === null || high === null ? '–' : `${text(low)} to ${text(high)}`;

const STATE_TONES: Readonly<Record<string, string>> = { running: 'good', failed: 'bad', crashed: 'bad' };

/** The class of a run's state. */
export const stateTone = (state: string): string => STATE_TONES[state] ?? '';

const scoreOfRun = ({ score: so }: LiveRun): string =>
  so === null ? '–' : `${score(so.mean)} (${between(so.low, so.high)})`;

const basisOf = ({ score: so, done }: LiveRun): string =>
  so === null ? '–' : `${count(so.n)} scored, first ${count(so.results)} of ${count(done)}`;

/** Runs that are followed. `linked`: a store has them, too. */
export const runTable = (linked: boolean): KeyedTable<LiveRun> =>
  new KeyedTable<LiveRun>({
    label: 'Runs that are followed',
    empty: 'No run has begun since the dashboard was started.',
    key: ({ runId }) => runId,
    ...(linked ? { link: ({ runId }: LiveRun) => runAddress(runId) } : {}),
    columns: [
      { name: 'Run', text: ({ runId }) => quotedIfBlank(runId) },
      { name: 'State', text: ({ state }) => state, tone: ({ state }) => stateTone(state) },
      {
        name: '#Done',
        text: ({ done, total }) =>
          total === null ? count(done) : `${count(done)} of ${count(total)} (${percent(done, total)})`,
      },
      { name: '#Rate', text: ({ ratePerSecond }) => rate(ratePerSecond) },
      { name: '#Left', text: ({ etaMs }) => duration(etaMs) },
      {
        name: '#Errored',
        text: ({ errored }) => (errored === null ? '–' : count(errored)),
        tone: ({ errored }) => ((errored ?? 0) > 0 ? 'bad' : ''),
      },
      { name: '#Cost', text: ({ cost }) => money(cost) },
      { name: '#Score so far (interval)', text: scoreOfRun },
      { name: '#Of', text: basisOf },
    ],
  });

/** Where requests go. */
export const endpointTable = (): KeyedTable<LiveEndpoint> =>
  new KeyedTable<LiveEndpoint>({
    label: 'Endpoints',
    empty: 'No request of a watched client was seen yet.',
    key: ({ name }) => name,
    columns: [
      { name: 'Endpoint', text: ({ name }) => name },
      {
        name: 'State',
        text: ({ state }) => (state === 'ejected' ? 'ejected' : 'in use'),
        tone: ({ state }) => (state === 'ejected' ? 'bad' : 'good'),
      },
      { name: '#Requests', text: ({ requests }) => count(requests) },
      { name: '#Rate', text: ({ requestsPerSecond }) => rate(requestsPerSecond) },
      { name: '#Failed', text: ({ failed }) => count(failed) },
      { name: '#429', text: ({ rateLimited }) => count(rateLimited) },
      { name: '#Median', text: ({ p50Ms }) => duration(p50Ms) },
      { name: '#95th', text: ({ p95Ms }) => duration(p95Ms) },
    ],
  });

/** A row of an {@link errorTable}. */
export type ErrorRow = readonly [code: string, count: number];

/** Failures by code. */
export const errorTable = (label: string, empty: string): KeyedTable<ErrorRow> =>
  new KeyedTable<ErrorRow>({
    label,
    empty,
    key: ([code]) => code,
    columns: [
      { name: 'Code', text: ([code]) => code },
      { name: '#Count', text: ([, times]) => count(times) },
    ],
  });

const ALERT_TONES = { pending: 'caution', firing: 'bad', resolved: 'good' } as const;

/** Alerts as they were told last. */
export const alertTable = (): KeyedTable<LiveAlert> =>
  new KeyedTable<LiveAlert>({
    label: 'Alerts',
    empty: 'No alert.',
    key: ({ rule, startedAt }) => `${rule} ${startedAt}`,
    columns: [
      { name: 'Rule', text: ({ rule }) => rule },
      { name: 'Status', text: ({ status }) => status, tone: ({ status }) => ALERT_TONES[status] },
      { name: 'Severity', text: ({ severity }) => severity },
      { name: 'Message', text: ({ message }) => message },
      { name: 'Since', text: ({ startedAt }) => clock(startedAt) },
      { name: 'Told', text: ({ at }) => clock(at) },
    ],
  });

/** Decisions at their latest look. */
export const decisionTable = (): KeyedTable<LiveDecision> =>
  new KeyedTable<LiveDecision>({
    label: 'Decisions',
    empty: 'No look yet.',
    key: ({ runId }) => runId,
    columns: [
      { name: 'Decision', text: ({ runId }) => quotedIfBlank(runId) },
      {
        name: 'Outcome',
        text: ({ outcome, ended }) => (ended ? outcome : `${outcome}, going on`),
      },
      { name: '#Looks', text: ({ look }) => count(look) },
      { name: '#Pairs', text: ({ pairs }) => count(pairs) },
      { name: '#Mean a', text: ({ meanA }) => score(meanA) },
      { name: '#Mean b', text: ({ meanB }) => score(meanB) },
      { name: '#a − b, interval', text: ({ low, high }) => between(low, high, signed) },
      { name: '#Of the plan', text: ({ fraction }) => (fraction === null ? '–' : percent(fraction, 1)) },
    ],
  });
