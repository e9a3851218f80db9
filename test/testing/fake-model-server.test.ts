import { afterEach, describe, expect, it } from 'vitest';
import {
  ManualClock,
  startFakeModelServer,
  type FakeModelServer,
  type FakeModelServerOptions,
} from '../../src/testing/index.js';

const running: FakeModelServer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options?: FakeModelServerOptions): Promise<FakeModelServer> {
  const server = await startFakeModelServer(options);
  running.push(server);
  return server;
}

const post = (server: FakeModelServer, path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const chat = (
  server: FakeModelServer,
  prompt: string,
  more: object = {},
  headers: Record<string, string> = {},
) =>
  post(
    server,
    '/chat/completions',
    { model: 'm', messages: [{ role: 'user', content: prompt }], ...more },
    headers,
  );

interface ChatBody {
  readonly model: string;
  readonly choices: readonly {
    readonly message: { readonly content: string | null };
    readonly finish_reason: string;
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}

const textOf = async (response: Response): Promise<string | null> =>
  ((await response.json()) as ChatBody).choices[0]!.message.content;

/** The parsed events of a stream; the end mark as the string `[DONE]`. */
async function eventsOf(response: Response): Promise<unknown[]> {
  const lines = (await response.text()).split('\n\n').filter((line) => line !== '');
  return lines.map((line) => {
    const data = line.replace(/^data: /, '');
    return data === '[DONE]' ? data : (JSON.parse(data) as unknown);
  });
}

describe('answers', () => {
  it('answers a chat by the text of its last user message', async () => {
    const server = await start({ responses: { 'Capital of France?': 'Paris' } });
    const response = await post(server, '/chat/completions', {
      model: 'llama',
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Capital of Spain?' },
        { role: 'assistant', content: 'Madrid' },
        { role: 'user', content: [{ type: 'text', text: 'Capital of France?' }] },
      ],
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-request-id')).toBe('req_0');
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'llama',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Paris' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 13, completion_tokens: 2, total_tokens: 15 },
    });
  });

  it('answers a completion by its prompt, from a Map too', async () => {
    const server = await start({ responses: new Map([['2+2=', '4']]), model: 'base' });
    const response = await post(server, '/completions', { prompt: '2+2=' });
    expect(await response.json()).toMatchObject({
      object: 'text_completion',
      model: 'base',
      choices: [{ text: '4', finish_reason: 'stop' }],
    });
  });

  it('replays an array in order of arrival and begins again', async () => {
    const server = await start({ responses: ['a', 'b'] });
    const answers = [];
    for (let i = 0; i < 3; i++) answers.push(await textOf(await chat(server, 'x')));
    expect(answers).toEqual(['a', 'b', 'a']);
  });

  it('repeats the prompt when it was given no answers', async () => {
    expect(await textOf(await chat(await start(), 'hello'))).toBe('hello');
  });

  it('asks the reply function for what was not recorded, and refuses when there is none', async () => {
    const both = await start({
      responses: { known: 'recorded' },
      reply: ({ prompt, model }) => `${model}: ${prompt}`,
    });
    expect(await textOf(await chat(both, 'known'))).toBe('recorded');
    expect(await textOf(await chat(both, 'new'))).toBe('m: new');
    const recordedOnly = await start({ responses: { known: 'recorded' } });
    const refused = await chat(recordedOnly, 'constructor');
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { code: 'no_recorded_answer' } });
  });

  it('takes the details of an answer: status, headers, finish reason, usage, tool calls, a body of its own', async () => {
    const server = await start({
      reply: ({ prompt }) => {
        if (prompt === 'refused') return { status: 403, text: 'not for you' };
        if (prompt === 'long')
          return { text: 'cut o', finishReason: 'length', usage: { inputTokens: 7, outputTokens: 9 } };
        if (prompt === 'tool')
          return { toolCalls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] };
        if (prompt === 'bare') return { text: 'x', usage: null, headers: { 'x-request-id': 'mine' } };
        return { body: { unexpected: true } };
      },
    });
    const refused = await chat(server, 'refused');
    expect([refused.status, await refused.json()]).toEqual([
      403,
      { error: { message: 'not for you', type: 'invalid_request_error', param: null, code: null } },
    ]);
    expect(await (await chat(server, 'long')).json()).toMatchObject({
      choices: [{ finish_reason: 'length' }],
      usage: { prompt_tokens: 7, completion_tokens: 9, total_tokens: 16 },
    });
    expect(await (await chat(server, 'tool')).json()).toMatchObject({
      choices: [{ message: { content: null, tool_calls: [{ id: 'c1' }] }, finish_reason: 'tool_calls' }],
    });
    const bare = await chat(server, 'bare');
    expect(bare.headers.get('x-request-id')).toBe('mine');
    expect(await bare.json()).not.toHaveProperty('usage');
    expect(await (await chat(server, 'else')).json()).toEqual({ unexpected: true });
  });

  it('turns a throwing reply function into a 500 with its message', async () => {
    const server = await start({ reply: async () => Promise.reject(new Error('out of luck')) });
    const response = await chat(server, 'x');
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { message: 'out of luck', type: 'server_error' } });
  });

  it.each([
    [null, 'to be a string or an object, got null'],
    [5, 'to be a string or an object, got 5'],
    [{ text: 5 }, "Expected `text` of the fake model's reply to be a string, got 5"],
    [{ status: 999 }, 'to be an integer from 200 to 599, got 999'],
    [{ headers: { 'x-name': '👋' } }, '`headers`'],
    [{ headers: { 'a b': 'c' } }, 'that a header can hold, got an object'],
    [{ delayMs: -1 }, '`delayMs`'],
    [{ fault: 'nap' }, "'malformed', got"],
  ])('answers 500 and says why when the reply function gives %j, streamed or not', async (reply, message) => {
    const server = await start({ reply: () => reply as never, latencyMs: 1 });
    for (const stream of [false, true]) {
      const response = await chat(server, 'x', { stream });
      expect(response.status).toBe(500);
      expect(await response.text()).toContain(message);
    }
    expect(server.stats).toMatchObject({ refused: 2, answered: 0, outputTokens: 0 });
  });

  it('lists its model and is healthy', async () => {
    const server = await start({ model: 'tiny' });
    expect(await (await fetch(`${server.url}/models`)).json()).toMatchObject({ data: [{ id: 'tiny' }] });
    expect((await fetch(`http://127.0.0.1:${server.port}/health`)).status).toBe(200);
  });
});

describe('streams', () => {
  it('sends a chat answer as events that add up to the text, with usage when asked for', async () => {
    const text = 'Tokyo is the capital of Japan 🗼 today.';
    const server = await start({ responses: { q: text } });
    const response = await chat(server, 'q', { stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = (await eventsOf(response)) as {
      choices: { delta: { content?: string }; finish_reason: string | null }[];
      usage?: object;
    }[];
    expect(events.pop()).toBe('[DONE]');
    expect(events.pop()).toMatchObject({ choices: [], usage: { completion_tokens: 10 } });
    expect(events.at(-1)!.choices[0]!.finish_reason).toBe('stop');
    expect(events.map((event) => event.choices[0]!.delta.content ?? '').join('')).toBe(text);
    expect(events.length).toBeGreaterThan(5);
    expect(server.stats.streamed).toBe(1);
  });

  it('sends a completion as events, without usage when not asked for', async () => {
    const server = await start({ responses: { q: 'one two three' } });
    const response = await post(server, '/completions', { prompt: 'q', stream: true });
    const events = (await eventsOf(response)) as { choices: { text: string }[] }[];
    expect(events.pop()).toBe('[DONE]');
    expect(events.map((event) => event.choices[0]!.text).join('')).toBe('one two three');
    expect(events.some((event) => 'usage' in event)).toBe(false);
  });

  it('lets a stream grow at the given speed', async () => {
    const clock = new ManualClock();
    const server = await start({
      responses: { q: 'abcd'.repeat(10) },
      tokensPerSecond: 10,
      latencyMs: 50,
      clock,
    });
    let text = '';
    const read = async (): Promise<void> => {
      const response = await chat(server, 'q', { stream: true });
      for await (const chunk of response.body!) text += Buffer.from(chunk).toString();
    };
    const done = read();
    await until(() => clock.pendingTimers === 1);
    await clock.advance(50);
    await until(() => text.includes('abcd'));
    expect(text.split('"content":"abcd"').length - 1).toBe(1);
    await clock.advance(200);
    await until(() => text.split('"content":"abcd"').length - 1 === 3);
    await clock.advance(10_000);
    await done;
    expect(text.split('"content":"abcd"').length - 1).toBe(10);
  });
});

describe('time', () => {
  it('waits the latency, within its jitter, before it answers', async () => {
    const clock = new ManualClock();
    const server = await start({ latencyMs: 100, jitter: 0.5, clock });
    let answered = 0;
    const all = Array.from({ length: 20 }, async (_, i) => {
      await (await chat(server, `question ${i}`)).json();
      answered++;
    });
    await until(() => clock.pendingTimers === 20);
    await clock.advance(49);
    expect(answered).toBe(0);
    await clock.advance(51);
    await until(() => answered > 0);
    expect(answered).toBeLessThan(20);
    expect(server.stats.inFlight).toBe(20 - answered);
    await clock.advance(50);
    await Promise.all(all);
    expect(server.stats).toMatchObject({ inFlight: 0, maxInFlight: 20, answered: 20 });
  });

  it('adds the time that the answer takes to generate', async () => {
    const clock = new ManualClock();
    const server = await start({ responses: { q: 'abcd'.repeat(20) }, tokensPerSecond: 10, clock });
    const answer = chat(server, 'q').then(textOf);
    await until(() => clock.pendingTimers === 1);
    await clock.advance(1999);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    expect(await answer).toHaveLength(80);
  });
});

describe('failures', () => {
  it('fails the given share of requests, the same ones whatever their order', async () => {
    const prompts = Array.from({ length: 300 }, (_, i) => `question ${i}`);
    const statuses = async (order: readonly string[], seed: number) => {
      const server = await start({ errorRate: 0.2, status429: 0.1, retryAfterMs: 1500, seed });
      const found = new Map<string, number>();
      for (let i = 0; i < order.length; i += 50) {
        await Promise.all(
          order.slice(i, i + 50).map(async (prompt) => {
            const response = await chat(server, prompt);
            await response.arrayBuffer();
            found.set(prompt, response.status);
            if (response.status === 429) {
              expect(response.headers.get('retry-after')).toBe('2');
              expect(response.headers.get('retry-after-ms')).toBe('1500');
            }
          }),
        );
      }
      expect(server.stats.answered + server.stats.refused + server.stats.rateLimited).toBe(300);
      return prompts.map((prompt) => found.get(prompt));
    };
    const first = await statuses(prompts, 1);
    const count = (status: number) => first.filter((each) => each === status).length;
    expect(count(500)).toBeGreaterThan(40);
    expect(count(500)).toBeLessThan(80);
    expect(count(429)).toBeGreaterThan(15);
    expect(count(429)).toBeLessThan(45);
    expect(count(200) + count(500) + count(429)).toBe(300);
    expect(await statuses(prompts.toReversed(), 1)).toEqual(first);
    expect(await statuses(prompts, 2)).not.toEqual(first);
  });

  it('gives a repeated prompt another chance', async () => {
    const server = await start({ errorRate: 0.5 });
    const statuses = new Set<number>();
    for (let i = 0; i < 20; i++) statuses.add((await chat(server, 'same')).status);
    expect([...statuses].sort()).toEqual([200, 500]);
  });

  it('resets, cuts, mangles and hangs', async () => {
    const server = await start({
      reply: ({ prompt }) => ({ text: 'some answer', fault: prompt as 'reset' }),
    });
    await expect(chat(server, 'reset')).rejects.toThrow();
    await expect(chat(server, 'cut').then((response) => response.text())).rejects.toThrow();
    await expect(chat(server, 'cut', { stream: true }).then((response) => response.text())).rejects.toThrow();
    const malformed = await chat(server, 'malformed');
    expect(malformed.status).toBe(200);
    await expect(malformed.json()).rejects.toThrow(SyntaxError);
    const controller = new AbortController();
    const hanging = fetch(`${server.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: 'hang' }] }),
      signal: controller.signal,
    });
    await until(() => server.stats.faults === 5);
    expect(server.stats.inFlight).toBe(1);
    controller.abort();
    await expect(hanging).rejects.toThrow();
    await until(() => server.stats.inFlight === 0);
    expect(server.stats.answered).toBe(0);
  });

  it('always meets a fault whose rate is 1', async () => {
    const mangled = await start({ malformedRate: 1 });
    await expect(chat(mangled, 'x').then((response) => response.json())).rejects.toThrow(SyntaxError);
    await expect(chat(await start({ resetRate: 1 }), 'x')).rejects.toThrow();
  });

  it('refuses a wrong key, a wrong route, a wrong method and a body that is no request', async () => {
    const server = await start({ apiKey: 'secret' });
    expect((await chat(server, 'x')).status).toBe(401);
    expect((await chat(server, 'x', {}, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await fetch(`${server.url}/models`)).status).toBe(401);
    const key = { authorization: 'Bearer secret' };
    expect((await chat(server, 'x', {}, key)).status).toBe(200);
    expect((await post(server, '/embeddings', {}, key)).status).toBe(404);
    expect((await fetch(`${server.url}/chat/completions`, { headers: key })).status).toBe(405);
    expect((await post(server, '/chat/completions', '{', key)).status).toBe(400);
    expect((await post(server, '/chat/completions', { messages: [] }, key)).status).toBe(400);
    expect((await post(server, '/completions', { prompt: 3 }, key)).status).toBe(400);
    expect(server.stats).toMatchObject({ requests: 6, answered: 1, refused: 5 });
  });
});

describe('rate limits', () => {
  it('lets a minute’s worth of requests pass, then says how long to wait', async () => {
    const clock = new ManualClock();
    const server = await start({ requestsPerMinute: 3, clock });
    const first = await chat(server, 'x');
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('3');
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('2');
    expect(first.headers.get('x-ratelimit-reset-requests')).toBe('20s');
    expect(first.headers.get('x-ratelimit-limit-tokens')).toBeNull();
    await chat(server, 'x');
    await chat(server, 'x');
    const refused = await chat(server, 'x');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('20');
    expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    await clock.advance(19_000);
    expect((await chat(server, 'x')).headers.get('retry-after-ms')).toBe('1000');
    await clock.advance(1000);
    expect((await chat(server, 'x')).status).toBe(200);
    expect(server.stats).toMatchObject({ answered: 4, rateLimited: 2 });
  });

  it('counts the tokens of prompts and answers', async () => {
    const clock = new ManualClock();
    const server = await start({ tokensPerMinute: 60, responses: { abcdefgh: 'x'.repeat(240) }, clock });
    const first = await chat(server, 'abcdefgh'); // 2 in, 60 out: the bucket is overdrawn by 2
    expect(first.status).toBe(200);
    expect(first.headers.get('x-ratelimit-remaining-tokens')).toBe('0');
    expect(first.headers.get('x-ratelimit-reset-tokens')).toBe('1m2s');
    const refused = await chat(server, 'abcdefgh');
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after-ms')).toBe('4000');
    await clock.advance(4000);
    expect((await chat(server, 'abcdefgh')).status).toBe(200);
  });
});

describe('lifecycle', () => {
  it('closes while answers hang, twice, and frees its port', async () => {
    const server = await start({ hangRate: 1 });
    const hanging = chat(server, 'x');
    await until(() => server.stats.inFlight === 1);
    await Promise.all([server.close(), server.close()]);
    await expect(hanging).rejects.toThrow();
    const again = await start({ port: server.port });
    expect(again.port).toBe(server.port);
  });

  it('rejects when the port is taken', async () => {
    const server = await start();
    await expect(startFakeModelServer({ port: server.port })).rejects.toThrow(/EADDRINUSE/);
  });

  it('names a wrong option', async () => {
    await expect(startFakeModelServer({ latency: 3 } as object)).rejects.toThrow(/did you mean `latencyMs`/);
    await expect(startFakeModelServer({ errorRate: 1.5 })).rejects.toThrow(
      /`errorRate`.*from 0 to 1, got 1.5/,
    );
    await expect(startFakeModelServer({ errorRate: 0.6, hangRate: 0.6 })).rejects.toThrow(
      /add up to at most 1/,
    );
    await expect(startFakeModelServer({ responses: [] })).rejects.toThrow(/array of 0/);
  });
});

/** Lets the event loop turn until the condition holds; fails after many turns rather than after some time. */
async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('the condition never came to hold');
}
