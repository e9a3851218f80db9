import { boolean, checkOptions, having, integer, type OptionCheck } from '../foundation/options.js';
import { AssayError } from '../errors.js';
import { RealTimeMonitor } from '../monitor/real-time-monitor.js';
import type { ReportStore } from '../report/read-runs.js';
import { DashboardServer } from './dashboard-server.js';
import { LiveUpdates } from './live-updates.js';
import type { DashboardMonitor, DashboardSource } from './live-watch.js';
import { StoredHistory } from './stored-history.js';

/** Options of {@link startDashboard}. At least one of `store`, `monitor` and `processor` is to be given. */
export interface DashboardOptions {
  /** A store whose runs can be looked at and compared. It is only read, and not closed. @default none */
  readonly store?: ReportStore | undefined;
  /**
   * A monitor whose runs are followed. It is to be started by its owner, and is not closed.
   * @default one that watches `processor`, if that is given
   */
  readonly monitor?: DashboardMonitor | undefined;
  /**
   * A BatchProcessor or DecisionProcessor whose runs are followed, or several: exact progress, and the looks of decisions.
   * @default none
   */
  readonly processor?: DashboardSource | readonly DashboardSource[] | undefined;
  /** An AlertManager whose alerts are shown. @default none */
  readonly alerts?: DashboardSource | undefined;
  /** Where to listen on 127.0.0.1, 0..65535; 0: at a free port. @default 0 */
  readonly port?: number | undefined;
  /** Shortest time between two updates of a page, milliseconds, 50..60000. @default 250 */
  readonly intervalMs?: number | undefined;
  /** Whether the process goes on running for the dashboard alone. @default false */
  readonly keepAlive?: boolean | undefined;
}

/** A dashboard that is served. */
export interface Dashboard {
  /** The address to open in a browser. It holds a secret: whoever knows it can read what the dashboard shows. */
  readonly url: string;
  /** The port on 127.0.0.1. */
  readonly port: number;
  /** Ends all connections and listens no more; harmless when done twice. The store and the monitor stay as they are. */
  close(): Promise<void>;
  /** Same as {@link Dashboard.close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

const MONITOR: OptionCheck = having('a RealTimeMonitor', 'on', 'current', 'history', 'errorTotals');
const SOURCE: OptionCheck = (value) => {
  const one = having('an event source', 'on')(value);
  return one === undefined || having('an event source', 'onAny')(value) === undefined ? undefined : one;
};
const SOURCES: OptionCheck = (value) =>
  Array.isArray(value) ? value.map(SOURCE).find((each) => each !== undefined) : SOURCE(value);

/**
 * Serves a page that follows runs while they go on, and looks into those that a store has: progress, throughput, response
 * times, errors, endpoints, the score so far on the complete prefix of what was submitted, alerts and decisions; the list
 * of runs, each with its figures and cases, and the comparison of two.
 *
 * It listens on 127.0.0.1 only, answers GET alone, and only to whoever knows the random token in its address. The page
 * loads nothing from elsewhere, and what models wrote is text in it, never markup. Nothing is sent while no page is open,
 * and a page that is too slow misses updates. A store that fails is told on the page and nowhere else. By itself the
 * dashboard keeps no process running, unless `keepAlive` says so.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`; `ASSAY_BUSY` when the port is in use.
 *
 * @example
 * const dashboard = await startDashboard({ processor, store });
 * console.log(dashboard.url);
 * // … at the end:
 * await dashboard.close();
 */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const given = checkOptions<DashboardOptions>('startDashboard', options, {
    store: having('a result store', 'query', 'runs', 'manifest'),
    monitor: MONITOR,
    processor: SOURCES,
    alerts: SOURCE,
    port: integer(0, 65_535),
    intervalMs: integer(50, 60_000),
    keepAlive: boolean,
  });
  const { store, processor = [], port = 0, keepAlive = false } = given;
  const processors = Array.isArray(processor)
    ? (processor as readonly DashboardSource[])
    : [processor as DashboardSource];
  if (store === undefined && given.monitor === undefined && processors.length === 0)
    throw new AssayError(
      'ASSAY_INVALID_OPTION',
      'Expected `store`, `monitor` or `processor` of startDashboard to be given: there is nothing to show',
    );
  const own = given.monitor === undefined && processors.length > 0 ? new RealTimeMonitor() : undefined;
  own?.watch(...processors);
  own?.start();
  const monitor = given.monitor ?? own;
  const alerts = given.alerts === undefined ? [] : [given.alerts];
  const live =
    monitor === undefined
      ? undefined
      : new LiveUpdates({ monitor, processors, alerts, intervalMs: given.intervalMs ?? 250 });
  const server = new DashboardServer({
    live,
    history: store === undefined ? undefined : new StoredHistory(store),
    keepAlive,
  });
  const close = async (): Promise<void> => {
    own?.close();
    await server.close();
  };
  try {
    await server.listen(port);
  } catch (error) {
    await close();
    throw error;
  }
  const { url } = server;
  return Object.freeze({ url, port: server.port, close, [Symbol.asyncDispose]: close });
}
