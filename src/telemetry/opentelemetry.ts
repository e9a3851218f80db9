/**
 * The door `assaykit/otel`: spans, evaluation events and metrics through the host's OpenTelemetry SDK.
 *
 * @module
 */
import type { Context, Histogram, MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { LoggerProvider } from '@opentelemetry/api-logs';
import type { BatchEvents } from '../batch/batch-events.js';
import type { ClientEvents } from '../client/client-events.js';
import type { ForeignEmitter, WatchableSource } from '../foundation/event-source.js';
import { listenTo } from '../foundation/listen-to.js';
import {
  boolean,
  callable,
  checkArgument,
  checkOptions,
  either,
  having,
  list,
  object,
  text,
} from '../foundation/options.js';
import { PACKAGE_VERSION } from '../foundation/package-version.js';
import { CallExporter } from './call-exporter.js';
import { GENAI_METRICS, type MetricDefinition } from './genai-conventions.js';
import { reportMonitor, type MonitorReadings } from './monitor-metrics.js';
import { optionalImport } from './optional-import.js';

export { GENAI_CONVENTIONS_VERSION } from './genai-conventions.js';
export type { MonitorReadings } from './monitor-metrics.js';

/** Options of {@link instrumentOpenTelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * `gen_ai.provider.name`: `openai`, `anthropic`, … or a function of the endpoint's id. The conventions call by
   * `openai` whatever speaks OpenAI's protocol and is not known better. @default 'openai'
   */
  readonly provider?: string | ((endpoint: string | null) => string) | undefined;
  /** `gen_ai.operation.name`. @default 'chat' */
  readonly operation?: string | undefined;
  /**
   * Whether answers (as `gen_ai.output.messages`) and explanations of scores are exported. Prompts never are:
   * they stand in no event. @default false
   */
  readonly captureContent?: boolean | undefined;
  /** Also report this monitor's counts and gauges as metrics. */
  readonly monitor?: MonitorReadings | undefined;
  /** Parent of all spans. @default none: each call begins a trace */
  readonly context?: Context | undefined;
  /** @default the global one */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @default the global one */
  readonly loggerProvider?: LoggerProvider | undefined;
  /** @default the global one */
  readonly meterProvider?: MeterProvider | undefined;
}

/** A running instrumentation. */
export interface OpenTelemetryInstrumentation {
  /** Stops listening and reporting. What the SDK holds is flushed by the SDK's own shutdown. */
  stop(): void;
  /** Same as {@link OpenTelemetryInstrumentation.stop}. */
  [Symbol.dispose](): void;
}

/** Anything that emits `case:end` (processors) or `call:end` (clients). */
export type InstrumentedSource = WatchableSource | ForeignEmitter;

/**
 * Exports what sources do. A processor gives a CLIENT span for each case that asked a model, with a
 * `gen_ai.evaluation.result` log event for each dimension inside it; a client gives a CLIENT span for each call.
 * Watch processors, and clients that are not their target (judges, clients used alone): a target that is watched
 * beside its processor shows each call twice. Sampling and batching are the SDK's.
 *
 * A case that was answered from a cache asked no model: its evaluation events carry `gen_ai.response.id` and have
 * no span. Neither prompts nor keys are exported; answers and explanations only with `captureContent`.
 *
 * @throws AssayError `ASSAY_MISSING_DEPENDENCY` without `@opentelemetry/api` and `@opentelemetry/api-logs`,
 * `ASSAY_INVALID_OPTION`
 * @example
 * ```ts
 * import { instrumentOpenTelemetry } from 'assaykit/otel';
 * const telemetry = await instrumentOpenTelemetry([processor], { monitor });
 * await processor.run(cases);
 * telemetry.stop();
 * ```
 */
export async function instrumentOpenTelemetry(
  sources: readonly InstrumentedSource[],
  options: OpenTelemetryOptions = {},
): Promise<OpenTelemetryInstrumentation> {
  checkArgument(sources, list, ' of event sources');
  for (const source of sources)
    checkArgument(source, having('an event source', 'on', 'onAny'), ' to instrument');
  const given = checkOptions('instrumentOpenTelemetry', options, {
    provider: either(text, callable),
    operation: text,
    captureContent: boolean,
    monitor: having('a monitor', 'totals'),
    context: object,
    tracerProvider: object,
    loggerProvider: object,
    meterProvider: object,
  });
  const api = await optionalImport('@opentelemetry/api', () => import('@opentelemetry/api'));
  const apiLogs = await optionalImport('@opentelemetry/api-logs', () => import('@opentelemetry/api-logs'));
  const scope = ['assaykit', PACKAGE_VERSION] as const;
  const meter = (given.meterProvider ?? api.metrics).getMeter(...scope);
  const histogram = ({ name, unit, description, bounds }: MetricDefinition): Histogram =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...bounds] } });
  const exporter = new CallExporter({
    api,
    tracer: (given.tracerProvider ?? api.trace).getTracer(...scope),
    logger: (given.loggerProvider ?? apiLogs.logs).getLogger(...scope),
    severity: apiLogs.SeverityNumber.INFO,
    duration: histogram(GENAI_METRICS.operationDuration),
    tokens: histogram(GENAI_METRICS.tokenUsage),
    parent: given.context ?? api.ROOT_CONTEXT,
    operation: given.operation ?? 'chat',
    provider: given.provider ?? 'openai',
    content: given.captureContent ?? false,
  });
  const handlers = {
    'case:end': (payload: BatchEvents['case:end']) => exporter.caseEnd(payload),
    'call:end': (payload: ClientEvents['call:end']) => exporter.callEnd(payload),
  };
  const onError = (event: string, error: unknown): void =>
    api.diag.error(`assaykit could not export ${event}`, error);
  const stops = [...new Set(sources)].map((source) => listenTo(source, { handlers, onError }));
  if (given.monitor !== undefined) stops.push(reportMonitor(meter, given.monitor));
  const stop = (): void => {
    for (const each of stops.splice(0)) each();
  };
  return { stop, [Symbol.dispose]: stop };
}
