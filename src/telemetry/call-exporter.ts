import type { Attributes, Context, Histogram, Span, Tracer } from '@opentelemetry/api';
import type { Logger } from '@opentelemetry/api-logs';
import type { BatchEvents } from '../batch/batch-events.js';
import type { ClientEvents } from '../client/client-events.js';
import type { CaseResult } from '../evaluation/evaluation-types.js';
import { callAttributes, usageAttributes } from './call-attributes.js';
import { evaluationRecords } from './evaluation-records.js';
import { ASSAY_ATTRIBUTES as X, EVALUATION_EVENT, GENAI_ATTRIBUTES as A } from './genai-conventions.js';

/** Where a {@link CallExporter} exports to, and how. */
export interface Exporting {
  readonly api: typeof import('@opentelemetry/api');
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly severity: number;
  readonly duration: Histogram;
  readonly tokens: Histogram;
  readonly parent: Context;
  readonly operation: string;
  readonly provider: string | ((endpoint: string | null) => string);
  readonly content: boolean;
}

/** Turns events into spans, log records and measurements. */
export class CallExporter {
  readonly #to: Exporting;

  /** `to`: where everything goes. */
  constructor(to: Exporting) {
    this.#to = to;
  }

  /** A span for the call of a case, with its evaluation events. */
  caseEnd({ at, result }: BatchEvents['case:end']): void {
    const span = result.cached || result.attempts === 0 ? undefined : this.#caseSpan(result);
    const { api, logger, parent, content, severity } = this.#to;
    const context = span === undefined ? parent : api.trace.setSpan(parent, span);
    for (const attributes of evaluationRecords(result, content)) {
      logger.emit({
        eventName: EVALUATION_EVENT,
        timestamp: at,
        severityNumber: severity,
        attributes,
        context,
      });
    }
  }

  /** A span for a call of a client. */
  callEnd(event: ClientEvents['call:end']): void {
    const attributes = callAttributes({
      operation: this.#to.operation,
      provider: this.#provider(event.endpoint),
      requestModel: event.model,
      endpoint: event.endpoint,
      error: event.error?.code,
    });
    this.#span(event.model, {
      startTime: event.at - event.durationMs,
      endTime: event.at,
      attributes: {
        ...attributes,
        ...usageAttributes(event.usage),
        [X.attempts]: event.attempts,
        ...(event.cost === null ? {} : { [X.cost]: event.cost }),
      },
    });
    this.#measure(attributes, event.durationMs, event.usage);
  }

  #caseSpan(result: CaseResult): Span {
    const { response, timings } = result;
    const start = result.startedAt + timings.queuedMs;
    const error = response === undefined ? result.error?.code : undefined;
    const own: Attributes = {
      [X.runId]: result.runId,
      [X.caseId]: result.caseId,
      [X.repetition]: result.repetition,
      [X.outcome]: result.outcome,
      [X.attempts]: result.attempts,
      ...(result.cost === null ? {} : { [X.cost]: result.cost }),
    };
    if (result.model === null) {
      // A function of the host, of which nobody knows whether it asks a model.
      return this.#span(null, {
        startTime: start,
        endTime: start + timings.targetMs,
        attributes: {
          ...own,
          ...(error === undefined ? {} : { [A.errorType]: error }),
        },
      });
    }
    const attributes = callAttributes({
      operation: this.#to.operation,
      provider: this.#provider(result.endpoint),
      requestModel: result.model,
      responseModel: response === undefined ? undefined : result.model,
      endpoint: result.endpoint,
      error,
    });
    this.#measure(attributes, timings.targetMs, result.usage);
    return this.#span(result.model, {
      startTime: start,
      endTime: start + timings.targetMs,
      attributes: {
        ...attributes,
        ...usageAttributes(result.usage),
        ...(response === undefined ? {} : { [A.finishReasons]: [response.finishReason] }),
        ...(response === undefined || response.requestId === null
          ? {}
          : { [A.responseId]: response.requestId }),
        ...(response !== undefined && this.#to.content
          ? { [A.outputMessages]: outputMessages(response.text, response.finishReason) }
          : {}),
        ...own,
      },
    });
  }

  /** A span that is over already; `model` is `null` for a function of the host. */
  #span(
    model: string | null,
    {
      startTime,
      endTime,
      attributes,
    }: { readonly startTime: number; readonly endTime: number; readonly attributes: Attributes },
  ): Span {
    const { api, tracer, operation, parent } = this.#to;
    const span = tracer.startSpan(
      model === null ? 'assaykit.case' : `${operation} ${model}`,
      { kind: model === null ? api.SpanKind.INTERNAL : api.SpanKind.CLIENT, startTime, attributes },
      parent,
    );
    const error = attributes[A.errorType];
    // The code only: messages of servers quote prompts.
    if (typeof error === 'string') span.setStatus({ code: api.SpanStatusCode.ERROR, message: error });
    span.end(endTime);
    return span;
  }

  #measure(attributes: Attributes, durationMs: number, usage: CaseResult['usage']): void {
    const { duration, tokens, parent } = this.#to;
    duration.record(durationMs / 1000, attributes, parent);
    if (usage === null) return;
    tokens.record(usage.inputTokens, { ...attributes, [A.tokenType]: 'input' }, parent);
    tokens.record(usage.outputTokens, { ...attributes, [A.tokenType]: 'output' }, parent);
  }

  #provider(endpoint: string | null): string {
    const { provider } = this.#to;
    return typeof provider === 'function' ? provider(endpoint) : provider;
  }
}

function outputMessages(content: string, finishReason: string): string {
  return JSON.stringify([
    { role: 'assistant', parts: [{ type: 'text', content }], finish_reason: finishReason },
  ]);
}
