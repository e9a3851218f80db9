import { checkOptions, text } from '../../../foundation/options.js';
import type { Alert } from '../alert.js';
import type { AlertHandler } from '../alert-handler.js';
import { cutText } from './cut-text.js';
import { httpUrl, jsonHeaders, postJson, type WebhookUrl } from './post-json.js';

/** A message for Slack's incoming webhooks (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks). */
export interface SlackMessage {
  /** Shown in notifications. */
  readonly text: string;
  /** Shown in the channel. */
  readonly blocks: readonly SlackBlock[];
}

/** The Block Kit blocks that are used (https://docs.slack.dev/reference/block-kit/blocks). */
export type SlackBlock =
  | {
      /** The title. */
      readonly type: 'header';
      /** What the title says. */
      readonly text: {
        /** Without markup. */
        readonly type: 'plain_text';
        /** Status or severity, and the rule; at most 150 characters. */
        readonly text: string;
        /** Slack's handling of emoji in plain text: off. */
        readonly emoji: false;
      };
    }
  | {
      /** The body. */
      readonly type: 'section';
      /** What the body says. */
      readonly text: {
        /** Slack's markup. */
        readonly type: 'mrkdwn';
        /** The alert's message, `&`, `<` and `>` escaped; at most 3,000 characters. */
        readonly text: string;
      };
    }
  | {
      /** The small print. */
      readonly type: 'context';
      /** The texts of the small print: one. */
      readonly elements: readonly {
        /** Slack's markup. */
        readonly type: 'mrkdwn';
        /** Source, since when and for how many minutes, escaped; at most 3,000 characters. */
        readonly text: string;
      }[];
    };

const MOST_HEADER = 150;
const MOST_SECTION = 3000;

/** The Slack message for an alert. */
export function slackMessage(alert: Alert): SlackMessage {
  const title = `${alert.status === 'resolved' ? 'RESOLVED' : alert.severity.toUpperCase()} ${alert.rule}`;
  const minutes = (alert.durationMs / 60_000).toFixed(1);
  const when = new Date(alert.startedAt).toISOString();
  return {
    text: cutEscaped(`${title}: ${alert.message}`),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cutText(title, MOST_HEADER), emoji: false } },
      { type: 'section', text: { type: 'mrkdwn', text: cutEscaped(alert.message) } },
      {
        type: 'context',
        elements: [
          {
            type: 'mrkdwn',
            text: cutEscaped(`${alert.source} · since ${when} · ${minutes} min`),
          },
        ],
      },
    ],
  };
}

/** Options of {@link slackHandler}. */
export interface SlackHandlerOptions {
  /** Shown in events about the delivery. @default 'slack' */
  readonly name?: string | undefined;
}

/**
 * Posts alerts to a Slack incoming webhook, at most one a second (Slack's limit). The URL is a secret: it
 * stands in no error and no event.
 *
 * @throws AssayError `ASSAY_INVALID_OPTION`
 */
export function slackHandler(webhookUrl: WebhookUrl, options: SlackHandlerOptions = {}): AlertHandler {
  const { name = 'slack' } = checkOptions('slackHandler', options, { name: text });
  if (typeof webhookUrl !== 'function') httpUrl(name, webhookUrl);
  return {
    name,
    minIntervalMs: 1000,
    send: (alert, { signal }) =>
      postJson(name, webhookUrl, { body: slackMessage(alert), headers: jsonHeaders(name), signal }),
  };
}

/** The three characters that Slack wants escaped; with them `<!channel>` cannot wake a whole channel. */
function cutEscaped(value: string): string {
  const escaped = value.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return cutText(escaped, MOST_SECTION).replace(/&[a-z]{0,4}…$/, '…'); // not in the middle of an entity
}
