import { BatchProcessor } from '../batch/batch-processor.js';
import type { BatchEvents, EventPort } from '../batch/batch-events.js';
import type { BatchProcessorOptions } from '../batch/batch-options.js';

/** A processor whose events somebody else tells, too. */
export class ForwardingProcessor extends BatchProcessor<unknown, never, never> {
  readonly #port: EventPort;

  constructor(options: BatchProcessorOptions<unknown, never, never>, port: EventPort) {
    super(options);
    this.#port = port;
  }

  protected override wants(event: keyof BatchEvents & string): boolean {
    return super.wants(event) || this.#port.wants(event);
  }

  protected override emit<Name extends keyof BatchEvents & string>(
    event: Name,
    payload: BatchEvents[Name],
  ): void {
    super.emit(event, payload);
    this.#port.emit(event, payload);
  }
}
