import { checkOptions, positive, type OptionCheck } from '../../foundation/options.js';

/** Active checks of endpoints that were ejected. Healthy endpoints are never checked: calls tell enough. */
export interface HealthCheckOptions {
  /** Path on the endpoint's origin, as `/health` (vLLM, TGI) or `/v1/models`. @default /health */
  readonly path?: string | undefined;
  /** Time between two checks of an ejected endpoint, milliseconds. @default 1000 */
  readonly intervalMs?: number | undefined;
  /** How long a check may take, milliseconds. @default 2000 */
  readonly timeoutMs?: number | undefined;
}

/** {@link HealthCheckOptions} with nothing left open. */
export interface HealthCheckSettings {
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

const absolutePath: OptionCheck = (value) =>
  typeof value === 'string' && /^\/[!-~]*$/.test(value) ? undefined : "a path that begins with '/'";

/** Checks the options and fills in the defaults; `undefined` when there are no active checks. */
export function healthCheckOptions(options: HealthCheckOptions | false): HealthCheckSettings | undefined {
  if (options === false) return undefined;
  const checked = checkOptions('healthCheck', options, {
    path: absolutePath,
    intervalMs: positive,
    timeoutMs: positive,
  });
  return {
    path: checked.path ?? '/health',
    intervalMs: checked.intervalMs ?? 1000,
    timeoutMs: checked.timeoutMs ?? 2000,
  };
}
