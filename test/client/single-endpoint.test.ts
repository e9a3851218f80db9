import { afterEach, describe, expect, it } from 'vitest';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import { startFakeModelServer, type FakeModelServer } from '../../src/testing/fake-model-server.js';

// Reported by the people who build on the client: each is what a host with one server sees.
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function setUp(
  options: Parameters<typeof startFakeModelServer>[0],
  client: Partial<ConstructorParameters<typeof LoadBalancedClient>[0]> = {},
): Promise<{ server: FakeModelServer; client: LoadBalancedClient }> {
  const server = await startFakeModelServer(options);
  const built = new LoadBalancedClient({ endpoints: [server.url], model: 'm', ...client });
  open.push(built, server);
  return { server, client: built };
}

describe('LoadBalancedClient with one endpoint', () => {
  it('keeps to its retries and tells the real cause when one request always gets an unreadable reply', async () => {
    const { server, client } = await setUp(
      { reply: ({ prompt }) => (prompt === 'bad' ? { body: '<html>' } : 'ok') },
      { retry: { maxRetries: 2, initialBackoffMs: 1, maxBackoffMs: 2 } as never },
    );
    for (let i = 0; i < 3; i++) await client.complete({ input: 'good' });
    const before = server.stats.requests;
    await expect(client.complete({ input: 'bad' })).rejects.toMatchObject({
      code: 'ASSAY_MALFORMED_RESPONSE',
    });
    expect(server.stats.requests - before).toBe(3);
    await expect(client.complete({ input: 'good' })).resolves.toMatchObject({ text: 'ok' });
  });

  it('takes a reply without text, tool call or refusal for a failure, not for an empty answer', async () => {
    const { client } = await setUp(
      {
        reply: () => ({
          body: JSON.stringify({ choices: [{ message: { role: 'assistant' }, finish_reason: 'stop' }] }),
        }),
      },
      { retry: { maxRetries: 0 } as never },
    );
    await expect(client.complete({ input: 'x' })).rejects.toMatchObject({ code: 'ASSAY_EMPTY_RESPONSE' });
  });

  it('recovers its speed after a few rate-limited replies', async () => {
    const { client } = await setUp({
      reply: () => 'ok',
      status429: 0.02,
      retryAfterMs: 50,
      latencyMs: 5,
      seed: 7,
    });
    let done = 0;
    const lane = async (): Promise<void> => {
      while (done < 400) {
        done++;
        await client.complete({ input: 'x' });
      }
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: 16 }, lane));
    const second = performance.now();
    done = 0;
    await Promise.all(Array.from({ length: 16 }, lane));
    // the second half must not be slower than a small multiple of the first: the limit grows back
    expect(performance.now() - second).toBeLessThan(6 * (second - begun) + 2000);
  });
});
