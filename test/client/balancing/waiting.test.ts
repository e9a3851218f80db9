import { expect, test } from 'vitest';
import type { EndpointError } from '../../../src/client/endpoint-error.js';
import type { Endpoint } from '../../../src/client/balancing/endpoint.js';
import type { Ticket } from '../../../src/client/balancing/latency-estimate.js';
import { Place, WaitingRoom, type Waiter } from '../../../src/client/balancing/waiting-room.js';
import { EndpointSelector } from '../../../src/client/balancing/endpoint-selector.js';
import { GivenUpRequests } from '../../../src/client/http/given-up-requests.js';
import { fromLanguageModel } from '../../../src/client/language-model.js';
import type { ModelParameters } from '../../../src/client/model-client.js';
import { outlierEjectionOptions } from '../../../src/client/balancing/outlier-ejection.js';
import { createPolicy } from '../../../src/client/balancing/endpoint-policy.js';
import { ManualClock } from '../../../src/testing/manual-clock.js';
import { chat, clientFor, deadUrl, json, modelServer } from '../model-server.js';
import { endpointFor } from './fleet.js';

const failureOf = (call: Promise<unknown>): Promise<EndpointError> =>
  call.then(
    () => Promise.reject(new Error('expected a failure')),
    (error: unknown) => error as EndpointError,
  );

/** Endpoints `a`, `b`, … with those limits of concurrency, and those who wait for them. */
function fleet(...concurrency: number[]) {
  const clock = new ManualClock();
  const ejection = outlierEjectionOptions({ consecutiveFailures: 1, baseEjectionMs: 1000 });
  const endpoints = concurrency.map((each, index) =>
    endpointFor({ id: 'abc'[index]!, index, concurrency: each, ejection }),
  );
  const selector = new EndpointSelector({
    endpoints,
    policy: createPolicy('latency-aware'),
    random: () => 0.5,
    concurrency: Number.POSITIVE_INFINITY,
  });
  const room = new WaitingRoom({ selector, clock, verify: true });
  const sent: string[] = [];
  const send = (name: string, endpoint: Endpoint) => {
    sent.push(`${name}>${endpoint.id}`);
    selector.attemptStarted(endpoint);
    return endpoint.started(1, 0, clock.now());
  };
  let count = 0;
  const wait = (name: string, { barred = [] as Endpoint[] } = {}) => {
    const waiter: Waiter = {
      id: ++count,
      work: 1,
      tokens: 0,
      tried: [],
      barred,
      returns: false,
      admitted: (endpoint) => void send(name, endpoint),
      rerouted: () => expect.fail('nobody has to choose again'),
    };
    const choice = selector.choose(waiter, clock.now());
    room.enter(new Place(waiter), choice, clock.now());
    return choice;
  };
  const answer = (endpoint: Endpoint, ticket: Ticket, work = 1) => {
    selector.attemptEnded();
    endpoint.succeeded(ticket, { work, tokens: 0 }, clock.now());
    room.serve(clock.now());
  };
  return { clock, endpoints, selector, room, sent, send, wait, answer };
}

test('calls that wait out a pause go to a busy endpoint when it has room, first come first served', () => {
  const { clock, endpoints, sent, send, wait, answer } = fleet(1, 1);
  const [paused, busy] = endpoints as [Endpoint, Endpoint];
  const first = send('first', busy);
  paused.limit.rateLimited({ retryAfterMs: 30_000, sentAt: 0, inFlight: 1 }, clock.now());
  for (const name of ['x', 'y', 'z']) {
    const barred = name === 'x' ? [busy] : []; // it has just failed there: it waits on
    expect(wait(name, { barred })).toMatchObject({ kind: 'queue', endpoint: paused });
  }
  answer(busy, first);
  expect(sent).toEqual(['first>b', 'y>b']);
  expect(paused.waiting).toBe(2);
});

test('a call that waits out a pause probes an endpoint whose ejection ends before', async () => {
  const { clock, endpoints, selector, sent, send, wait } = fleet(1, 1);
  const [paused, ejected] = endpoints as [Endpoint, Endpoint];
  ejected.failed(send('first', ejected), { outcome: 'failed' }, 0);
  selector.attemptEnded();
  paused.limit.rateLimited({ retryAfterMs: 30_000, sentAt: 0, inFlight: 1 }, 0);
  wait('x');
  await clock.advance(900);
  expect(sent).toEqual(['first>b']);
  await clock.advance(300);
  expect(sent).toEqual(['first>b', 'x>b']);
  expect(ejected.health.state).toBe('probing');
});

test('calls that the first wave holds back go soon after its first answer, not when its time is over', async () => {
  const { clock, endpoints, sent, send, wait, answer } = fleet(256);
  const [endpoint] = endpoints as [Endpoint];
  const wave = Array.from({ length: 64 }, (_, call) => send(`first ${call}`, endpoint));
  for (const name of ['x', 'y']) expect(wait(name)).toMatchObject({ kind: 'queue', endpoint });
  await clock.advance(20);
  answer(endpoint, wave[0]!, 20);
  expect(sent).toHaveLength(64);
  await clock.advance(10);
  expect(sent.slice(64)).toEqual(['x>a', 'y>a']);
});

test.each(['limited', 'flaky'])(
  'a pause past the deadline fails no call while an ejected endpoint is due before (first asked: %s)',
  async (first) => {
    const limited = await modelServer((_request, response) =>
      json(response, 429, {}, { 'retry-after': '90' }),
    );
    const flaky = await modelServer((_request, response, index) =>
      index === 0 ? json(response, 500, {}) : chat(response, 'back'),
    );
    const client = clientFor({
      endpoints: [
        { id: 'limited', url: limited.url },
        { id: 'flaky', url: flaky.url },
      ],
      outlierEjection: { consecutiveFailures: 1, baseEjectionMs: 50 },
      retry: { initialBackoffMs: 1, maxBackoffMs: 1 },
      policy: {
        name: 'in order',
        pick: (candidates) => candidates.find(({ id }) => id === first) ?? candidates[0]!,
      },
    });
    const reply = await client.complete({ input: 'x' }, { timeoutMs: 20_000 });
    expect(reply).toMatchObject({ text: 'back', endpoint: 'flaky' });
  },
);

test('when the rest of the fleet is gone, the error names what an endpoint in quarantine said', async () => {
  const refusing = await modelServer((_request, response) =>
    json(response, 401, { error: { message: 'key expired' } }),
  );
  const client = clientFor({
    endpoints: [
      { id: 'refusing', url: refusing.url },
      { id: 'gone', url: await deadUrl() },
    ],
    outlierEjection: { consecutiveFailures: 2 },
    retry: { maxRetries: 0 },
    waitForHealthyMs: 20,
    policy: 'round-robin',
  });
  for (let call = 0; call < 4; call++) await failureOf(client.complete({ input: 'x' }));
  expect(client.snapshot().endpoints.map((each) => each.state)).toEqual(['quarantined', 'ejected']);
  const error = await failureOf(client.complete({ input: 'x' }));
  expect(error.code).toBe('ASSAY_NO_ENDPOINT');
  expect(error.message).toMatch(/quarantined: refusing: status 401: key expired/);
  expect(error.cause).toMatchObject({ code: 'ASSAY_AUTHENTICATION' });
  client.restore('refusing');
  expect((await failureOf(client.complete({ input: 'x' }))).code).toBe('ASSAY_AUTHENTICATION');
});

test.each<[object, RegExp]>([
  [{ max_tokens: 5 }, /`max_tokens`.*did you mean `maxTokens`/],
  [{ top_k: 5 }, /`top_k`.*goes into `extraBody`/],
  [{ maxTokens: '5' }, /`maxTokens`.*integer >= 1.*"5"/],
  [{ maxTokens: Number.NaN }, /`maxTokens`.*NaN/],
])('refuses parameters that would not be sent as meant: %j', async (given, message) => {
  const parameters = given as ModelParameters;
  const server = await modelServer();
  const expected = { code: 'ASSAY_INVALID_OPTION', message: expect.stringMatching(message) as unknown };
  const client = clientFor({ endpoints: [server.url] });
  expect(await failureOf(client.complete({ input: 'x', parameters }))).toMatchObject(expected);
  expect(() => clientFor({ endpoints: [server.url], parameters })).toThrow(message);
  const model = {
    specificationVersion: 'v3',
    provider: 'p',
    modelId: 'm',
    doGenerate: () => expect.fail('it must not be asked'),
  };
  expect(await failureOf(fromLanguageModel(model).complete({ input: 'x', parameters }))).toMatchObject(
    expected,
  );
  expect(() => fromLanguageModel(model, { parameters })).toThrow(message);
  expect(server.requests).toHaveLength(0);
});

test('requests that are given up end one after the other, and let the event loop go on in between', async () => {
  const requests = new GivenUpRequests();
  const ended: number[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  for (let each = 0; each < 3; each++) {
    requests.add(() => {
      ended.push(each);
      const begun = performance.now();
      while (performance.now() - begun < 2); // as many connections that are closed
    });
  }
  expect(ended).toEqual([]);
  await turn();
  expect(ended).toEqual([0]);
  await turn();
  await turn();
  expect(ended).toEqual([0, 1, 2]);
});
