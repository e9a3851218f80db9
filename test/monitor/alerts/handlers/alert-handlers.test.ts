import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AssayError } from '../../../../src/errors.js';
import type { Alert } from '../../../../src/monitor/alerts/alert.js';
import { metricsOf } from '../../../../src/monitor/alerts/alert.js';
import { AlertManager } from '../../../../src/monitor/alerts/alert-manager.js';
import { consoleHandler } from '../../../../src/monitor/alerts/handlers/console-handler.js';
import { emailHandler, type EmailMessage } from '../../../../src/monitor/alerts/handlers/email-handler.js';
import {
  pagerDutyEvent,
  pagerDutyHandler,
} from '../../../../src/monitor/alerts/handlers/pager-duty-handler.js';
import { slackHandler, slackMessage } from '../../../../src/monitor/alerts/handlers/slack-handler.js';
import { webhookHandler } from '../../../../src/monitor/alerts/handlers/webhook-handler.js';
import { ManualClock } from '../../../../src/testing/manual-clock.js';
import { snapshotWith } from '../../support/snapshots.js';

const alert: Alert = {
  status: 'firing',
  rule: 'high_cpu_usage',
  severity: 'warning',
  message: 'High CPU usage: 95.0%',
  source: 'nightly',
  dedupKey: 'assaykit/nightly/high_cpu_usage',
  startedAt: 1_700_000_000_000,
  at: 1_700_000_010_000,
  durationMs: 10_000,
  metrics: metricsOf(snapshotWith({ cpuPercent: 95 })),
};
const resolved: Alert = { ...alert, status: 'resolved' };
const context = { signal: new AbortController().signal, attempt: 1 };

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    }),
  );
});

interface Received {
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** A receiver on loopback that answers with these statuses in turn, then 200. */
async function receiver(
  ...answers: readonly (number | ((response: ServerResponse) => void))[]
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const waiting = [...answers];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, headers } = request;
      received.push({ method, headers, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown });
      const answer = waiting.shift() ?? 200;
      if (typeof answer === 'function') answer(response);
      else response.writeHead(answer).end('secret text of the receiver');
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook-secret`, received };
}

describe('webhookHandler', () => {
  it('posts a versioned JSON body with the headers of the host', async () => {
    const { url, received } = await receiver();
    await webhookHandler(() => Promise.resolve(url), { headers: { authorization: 'Bearer x' } }).send(
      alert,
      context,
    );
    expect(received[0]?.method).toBe('POST');
    expect(received[0]?.headers).toMatchObject({
      authorization: 'Bearer x',
      'content-type': 'application/json',
    });
    expect(received[0]?.body).toMatchObject({
      version: 1,
      status: 'firing',
      rule: 'high_cpu_usage',
      startedAt: '2023-11-14T22:13:20.000Z',
      metrics: { cpuPercent: 95, queueDepth: null },
    });
  });

  it('makes the body that the host wants', async () => {
    const { url, received } = await receiver();
    await webhookHandler(url, { format: ({ rule }) => ({ rule }) }).send(alert, context);
    expect(received[0]?.body).toEqual({ rule: 'high_cpu_usage' });
  });

  it.each([
    [400, false],
    [404, false],
    [408, true],
    [500, true],
    [503, true],
  ])('says of status %i whether it is worth another try (%s)', async (status, retryable) => {
    const { url } = await receiver(status);
    const error = await Promise.resolve(webhookHandler(url).send(alert, context)).catch(
      (thrown: AssayError) => thrown,
    );
    expect(error).toMatchObject({ code: 'ASSAY_SERVER', retryable, status });
  });

  it('passes on how long a receiver asks to wait', async () => {
    const { url } = await receiver((response) => response.writeHead(429, { 'retry-after': '7' }).end());
    await expect(webhookHandler(url).send(alert, context)).rejects.toMatchObject({
      retryable: true,
      retryAfterMs: 7000,
    });
  });

  it("lets the host's content type win, in any spelling", async () => {
    const { url, received } = await receiver();
    await webhookHandler(url, { headers: { 'Content-Type': 'application/cloudevents+json' } }).send(
      alert,
      context,
    );
    expect(received[0]?.headers['content-type']).toBe('application/cloudevents+json');
  });

  it('refuses at once headers and URLs that fetch would refuse at each alert', () => {
    const secret = 'key\nwith a line feed';
    for (const make of [
      () => webhookHandler('https://example.com', { headers: { authorization: secret } }),
      () => webhookHandler('https://user:key@example.com'),
    ]) {
      expect(make).toThrow(expect.objectContaining({ code: 'ASSAY_INVALID_OPTION' }));
      expect(make).not.toThrow('key');
    }
  });

  it('does not blame the receiver for a body that is no JSON', async () => {
    const { url, received } = await receiver();
    const itself: { self?: unknown } = {};
    itself.self = itself;
    await expect(webhookHandler(url, { format: () => itself }).send(alert, context)).rejects.toThrow(
      TypeError,
    );
    expect(received).toEqual([]);
  });

  it('refuses to follow a redirect', async () => {
    const other = await receiver();
    const { url } = await receiver((response) => response.writeHead(307, { location: other.url }).end());
    await expect(webhookHandler(url).send(alert, context)).rejects.toMatchObject({
      code: 'ASSAY_REDIRECT_REFUSED',
      retryable: false,
    });
    expect(other.received).toEqual([]);
  });

  it('shows the URL, which is a secret, in no error', async () => {
    const { url } = await receiver(500);
    for (const target of [url, 'http://127.0.0.1:1/hook-secret']) {
      const error = await Promise.resolve(webhookHandler(target).send(alert, context)).catch(
        (thrown: Error) => thrown,
      );
      const shown = `${String(error)} ${JSON.stringify(error)} ${String((error as Error).stack)}`;
      expect(shown).not.toContain('hook-secret');
      expect(shown).not.toContain('secret text');
    }
    expect(() => webhookHandler('not-a-url-secret')).toThrow(
      /^Expected the URL of webhook to begin with https/,
    );
    expect(() => webhookHandler('file:///etc/passwd')).toThrow('https://');
  });

  it('is told by a manager in spite of a receiver that is down at first', async () => {
    const { url, received } = await receiver(503, (response) => response.destroy(), 429);
    const alerts = new AlertManager({
      rules: [
        {
          name: 'hot',
          condition: ({ cpuPercent }) => (cpuPercent ?? 0) > 90,
          severity: 'info',
          message: 'hot',
        },
      ],
      handlers: [webhookHandler(url)],
      retryDelayMs: 1,
    });
    const undelivered: unknown[] = [];
    alerts.on('alert:undelivered', (event) => undelivered.push(event));
    alerts.check(snapshotWith({ cpuPercent: 95 }));
    alerts.check(snapshotWith({ cpuPercent: 5 }));
    await alerts.close();
    expect(undelivered).toEqual([]);
    expect(received.map(({ body }) => (body as Alert).status)).toEqual([
      'firing',
      'firing',
      'firing',
      'firing',
      'resolved',
    ]);
  });
});

describe('slackHandler', () => {
  it('makes a message of the documented shape and sizes', () => {
    const message = slackMessage({ ...alert, rule: 'r'.repeat(300), message: '&'.repeat(5000) });
    expect(message.text.length).toBeLessThanOrEqual(3000);
    expect(message.blocks.map((block) => block.type)).toEqual(['header', 'section', 'context']);
    const [header, section] = message.blocks as unknown as [
      { text: { type: string; text: string } },
      { text: { type: string; text: string } },
    ];
    expect(header.text.type).toBe('plain_text');
    expect(header.text.text.length).toBeLessThanOrEqual(150);
    expect(section.text.text.length).toBeLessThanOrEqual(3000);
    expect(section.text.text).toMatch(/^(&amp;)+…$/);
  });

  it('cannot be made to call a whole channel', () => {
    const text = JSON.stringify(
      slackMessage({ ...alert, message: '<!channel> <https://evil|click>' }).blocks[1],
    );
    expect(text).toContain('&lt;!channel&gt;');
    expect(text).not.toContain('<!');
  });

  it('says that an alert is over', () => {
    expect(slackMessage(resolved).text).toBe('RESOLVED high_cpu_usage: High CPU usage: 95.0%');
  });

  it('posts to the webhook, at most once a second', async () => {
    const { url, received } = await receiver();
    const handler = slackHandler(url);
    expect(handler.minIntervalMs).toBe(1000);
    await handler.send(alert, context);
    expect(received[0]?.body).toEqual(slackMessage(alert));
  });
});

describe('pagerDutyHandler', () => {
  it('cuts a long summary at a whole character', () => {
    const { payload } = pagerDutyEvent({ ...alert, message: 'x' + '😀'.repeat(600) }, 'key');
    expect(payload?.summary.length).toBeLessThanOrEqual(1024);
    expect(payload?.summary).not.toMatch(/\p{Cs}/u);
  });

  it('triggers with the documented fields', () => {
    expect(pagerDutyEvent(alert, 'key')).toMatchObject({
      routing_key: 'key',
      event_action: 'trigger',
      dedup_key: 'assaykit/nightly/high_cpu_usage',
      payload: {
        summary: 'High CPU usage: 95.0%',
        source: 'nightly',
        severity: 'warning',
        timestamp: '2023-11-14T22:13:30.000Z',
      },
    });
    const long = pagerDutyEvent({ ...alert, message: 'x'.repeat(5000) }, 'key');
    expect(long.payload?.summary.length).toBe(1024);
  });

  it('resolves what it has triggered', async () => {
    const { url, received } = await receiver(202, 202);
    const handler = pagerDutyHandler({ routingKey: () => 'key', url });
    await handler.send(alert, context);
    await handler.send(resolved, context);
    const [first, second] = received.map(({ body }) => body as Record<string, unknown>);
    expect(second).toEqual({ routing_key: 'key', event_action: 'resolve', dedup_key: first?.['dedup_key'] });
  });

  it('wants a key', () => {
    expect(() => pagerDutyHandler({} as never)).toThrow('routingKey');
    expect(() => pagerDutyHandler({ routingKey: '' })).toThrow('integration key');
  });
});

describe('emailHandler', () => {
  it('sends through the transport of the host, with one line of subject', async () => {
    const sent: EmailMessage[] = [];
    const transport = { sendMail: (message: EmailMessage) => Promise.resolve(sent.push(message)) };
    const handler = emailHandler(transport, { from: 'a@example.com', to: ['b@example.com'] });
    await handler.send({ ...alert, message: 'x\r\nBcc: evil@example.com' }, context);
    expect(sent[0]).toMatchObject({
      from: 'a@example.com',
      to: ['b@example.com'],
      subject: '[nightly] WARNING high_cpu_usage: x Bcc: evil@example.com',
    });
    expect(sent[0]?.text).toContain('cpuPercent: 95\n');
    expect(sent[0]?.text).not.toContain('queueDepth');
  });

  it('refuses what cannot send, or has no address', () => {
    expect(() => emailHandler({} as never, { from: 'a', to: 'b' })).toThrow('sendMail');
    expect(() => emailHandler({ sendMail: () => Promise.resolve() }, { from: 'a' } as never)).toThrow('`to`');
    expect(() => emailHandler({ sendMail: () => Promise.resolve() }, { from: 'a', to: [] })).toThrow(
      'addresses',
    );
  });
});

describe('consoleHandler', () => {
  it('writes one harmless line an alert', async () => {
    const lines: string[] = [];
    const handler = consoleHandler({ stream: { write: (text: string) => lines.push(text) } });
    await handler.send({ ...alert, message: 'a\u001b[2Jb' }, context);
    expect(lines).toEqual(['2023-11-14T22:13:30.000Z WARNING high_cpu_usage: a\\u{1b}[2Jb\n']);
    expect(() => consoleHandler({ stream: {} as never })).toThrow('an object with `write`');
  });
});

describe('what is told', () => {
  it('holds no key, no prompt and no answer', () => {
    const clock = new ManualClock();
    const canary = 'sk-canary-0123456789';
    const alerts = new AlertManager({ clock });
    const told: Alert[] = [];
    alerts.on('alert:firing', (event) => told.push(event.alert));
    alerts.check(
      snapshotWith({
        memoryPercent: 99,
        errorsByCode: { [canary]: 3 },
        models: { [canary]: {} as never },
        storeErrors: 1,
      }),
    );
    expect(told.map(({ rule }) => rule)).toEqual(['high_memory_usage', 'store_failing']);
    expect(
      JSON.stringify(told.map((each) => [each, slackMessage(each), pagerDutyEvent(each, 'k')])),
    ).not.toContain(canary);
  });
});
