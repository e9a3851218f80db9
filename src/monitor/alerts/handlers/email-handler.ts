import {
  callable,
  checkArgument,
  checkOptions,
  either,
  having,
  requireOptions,
  text,
  type OptionCheck,
} from '../../../foundation/options.js';
import type { Alert } from '../alert.js';
import type { AlertHandler } from '../alert-handler.js';
import { cutText } from './cut-text.js';

/** A message as nodemailer takes it. */
export interface EmailMessage {
  /** Sender. */
  readonly from: string;
  /** One address or several. */
  readonly to: string | string[];
  /** One line. */
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/** What sends: a nodemailer transport is one. */
export interface EmailTransport {
  /** Sends one message. */
  sendMail(message: EmailMessage): Promise<unknown>;
}

/** Options of {@link emailHandler}. */
export interface EmailHandlerOptions {
  /** Sender. */
  readonly from: string;
  /** Who gets it: an address or several. */
  readonly to: string | readonly string[];
  /** @default emailText: all known numbers of the snapshot, one a line */
  readonly format?:
    | ((alert: Alert) => {
        /** Sent as one line: control characters become spaces, and it is cut to 200 characters. */
        readonly subject: string;
        /** Plain text of the mail, sent as it is. */
        readonly text: string;
      })
    | undefined;
  /** Shown in events about the delivery. @default 'email' */
  readonly name?: string | undefined;
}

const MOST_SUBJECT = 200;

/** Subject and plain text for an alert. */
export function emailText(alert: Alert): { readonly subject: string; readonly text: string } {
  const title = alert.status === 'resolved' ? 'RESOLVED' : alert.severity.toUpperCase();
  const numbers = Object.entries(alert.metrics)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${Math.round((value as number) * 1000) / 1000}`);
  return {
    subject: `[${alert.source}] ${title} ${alert.rule}: ${alert.message}`,
    text: [
      alert.message,
      '',
      `rule: ${alert.rule}`,
      `severity: ${alert.severity}`,
      `source: ${alert.source}`,
      `since: ${new Date(alert.startedAt).toISOString()}`,
      `for: ${Math.round(alert.durationMs / 1000)} s`,
      '',
      ...numbers,
      '',
    ].join('\n'),
  };
}

/**
 * Mails alerts through the host's own transport (nodemailer or anything with its `sendMail`).
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 * @example
 * ```ts
 * emailHandler(nodemailer.createTransport(smtp), { from: 'evals@example.com', to: 'team@example.com' });
 * ```
 */
export function emailHandler(transport: EmailTransport, options: EmailHandlerOptions): AlertHandler {
  checkArgument(transport, having('a mail transport', 'sendMail'));
  const given = checkOptions('emailHandler', options, {
    from: text,
    to: either(text, addresses),
    format: callable,
    name: text,
  });
  requireOptions('emailHandler', given, ['from', 'to']);
  const { from, to, format = emailText, name = 'email' } = given;
  return {
    name,
    async send(alert) {
      const message = format(alert);
      await transport.sendMail({
        from,
        to: typeof to === 'string' ? to : [...to],
        // A line feed in a subject would begin another header.
        subject: cutText(message.subject.replace(/\p{Cc}+/gu, ' '), MOST_SUBJECT),
        text: message.text,
      });
    },
  };
}

const addresses: OptionCheck = (value) =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string' && each !== '')
    ? undefined
    : 'a list of addresses';
