import type { IncomingMessage, ServerResponse } from 'node:http';
import { callable, checkArgument, checkOptions, having, type OptionCheck } from '../foundation/options.js';

/** Options of {@link createMetricsHandler}. */
export interface MetricsHandlerOptions {
  /** The path that is answered, beginning with a slash; others get 404. @default '/metrics' */
  readonly path?: string | undefined;
  /** Further text in the same format, for example `() => register.metrics()` of the host's prom-client. */
  readonly append?: (() => string | Promise<string>) | undefined;
}

/** What is exported: a RealTimeMonitor. */
export interface PrometheusSource {
  /** The metrics in Prometheus' text format. */
  prometheus(): string;
}

/**
 * A request listener for `node:http` that answers GET and HEAD with the monitor's metrics. It opens no port
 * and checks no caller: where it may be reached from is the host's decision.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 * @example
 * ```ts
 * createServer(createMetricsHandler(monitor)).listen(9464, '127.0.0.1');
 * ```
 */
export function createMetricsHandler(
  monitor: PrometheusSource,
  options: MetricsHandlerOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  checkArgument(monitor, having('a monitor', 'prometheus'));
  const { path = '/metrics', append } = checkOptions('createMetricsHandler', options, {
    path: pathOfUrl,
    append: callable,
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const asked = (request.url ?? '').split('?', 1)[0];
    if (asked !== path) return refuse(response, 404, 'Not found\n');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return refuse(response, 405, 'Method not allowed\n');
    }
    const body = Buffer.from(monitor.prometheus() + ((await append?.()) ?? ''));
    response.writeHead(200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'content-length': body.length,
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  return (request, response) => {
    request.resume(); // a body that nobody reads would hold the connection
    answer(request, response).catch(() => {
      // `append` of the host failed; its error text is not for the network
      if (response.headersSent) response.destroy();
      else refuse(response, 500, 'Metrics are not available\n');
    });
  };
}

const pathOfUrl: OptionCheck = (value) =>
  typeof value === 'string' && value.startsWith('/') ? undefined : 'a path that begins with `/`';

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(reason);
}
