import { checkOptions, having } from '../../../foundation/options.js';
import type { AlertHandler } from '../alert-handler.js';
import { print } from '../../terminal/print.js';
import { terminalSafe } from '../../../foundation/plain-text.js';

/** Options of {@link consoleHandler}. */
export interface ConsoleHandlerOptions {
  /** Where to write. @default process.stderr */
  readonly stream?:
    | {
        /** Takes one line, with its line feed; what it returns is ignored. */
        write(text: string): unknown;
      }
    | undefined;
}

/**
 * Writes each alert as one line: time, status, severity, rule, message. Control characters are shown, not obeyed.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function consoleHandler(options: ConsoleHandlerOptions = {}): AlertHandler {
  const { stream = process.stderr } = checkOptions('consoleHandler', options, {
    stream: having('an object', 'write'),
  });
  return {
    name: 'console',
    send({ at, status, severity, rule, message }) {
      const title = status === 'resolved' ? 'RESOLVED' : severity.toUpperCase();
      print(stream, `${new Date(at).toISOString()} ${title} ${terminalSafe(`${rule}: ${message}`)}\n`);
    },
  };
}
