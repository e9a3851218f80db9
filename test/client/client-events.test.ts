import { expect, it } from 'vitest';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import { startFakeModelServer } from '../../src/testing/index.js';

it('tells a call from its start to its end, each attempt with the id of its call', async () => {
  const server = await startFakeModelServer({
    reply: ({ index }) => (index === 0 ? { status: 500 } : 'yes'),
  });
  const client = new LoadBalancedClient({ endpoints: [server.url], model: 'm' });
  const seen: unknown[] = [];
  client.on('call:start', ({ at, callId, model }) => seen.push(['call:start', typeof at, callId, model]));
  client.on('attempt:start', ({ callId, attempt }) => seen.push(['attempt:start', callId, attempt]));
  client.on('attempt:end', ({ callId, attempt, outcome }) =>
    seen.push(['attempt:end', callId, attempt, outcome]),
  );
  client.on('call:end', ({ callId, attempts }) => seen.push(['call:end', callId, attempts]));
  await client.complete({ input: 'Well?' });
  await client.close();
  await server.close();
  const id = (seen[0] as unknown[])[2];
  expect(seen).toEqual([
    ['call:start', 'number', id, 'm'],
    ['attempt:start', id, 1],
    ['attempt:end', id, 1, 'error'],
    ['attempt:start', id, 2],
    ['attempt:end', id, 2, 'ok'],
    ['call:end', id, 2],
  ]);
});
