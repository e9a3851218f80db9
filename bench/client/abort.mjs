// How long after abort() or a deadline the last of many calls is settled, in each phase of a call, and what is left
// open 100 ms after close():
//   node bench/client/abort.mjs [calls, default 64,500,2000] [rounds, default 5]
// The server is a process of its own: what it does with the closed sockets is not the client's time.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { LoadBalancedClient } from '../../dist/client/load-balanced-client.js';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const EVENT = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const BEGUN = `${HEAD}${EVENT.length.toString(16)}\r\n${EVENT}\r\n`;
const PAUSE = 'HTTP/1.1 429 Too Many Requests\r\nretry-after: 50\r\ncontent-length: 0\r\n\r\n';
const SETTLE_MS = 1500; // for all calls to reach their phase

// What the server answers to a request, the scheme of its URL, and the client's options.
const PHASES = {
  queued: { concurrency: 1 },
  pausing: { answer: PAUSE, concurrency: 1, retry: { maxRetryAfterMs: 60_000 } },
  connecting: { frozen: true },
  handshake: { scheme: 'https' },
  waiting: {},
  streaming: { answer: BEGUN, stream: true },
};

if (process.send !== undefined) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => socket.write(process.argv[2]));
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: process.argv[3] === 'frozen' ? 1 : 4096 }, () =>
    process.send(server.address().port),
  );
} else {
  const counts = (process.argv[2] ?? '64,500,2000').split(',').map(Number);
  const rounds = Number(process.argv[3] ?? 5);
  for (const [name, phase] of Object.entries(PHASES)) {
    for (const ends of ['abort', 'deadline']) {
      if (phase.retry !== undefined && ends === 'deadline') continue; // a pause past the deadline fails at once
      for (const calls of counts) {
        const times = [];
        const left = new Set();
        for (let round = 0; round < rounds; round++) {
          const { afterMs, handles } = await measure(phase, ends, calls);
          times.push(afterMs);
          for (const each of handles) left.add(each);
        }
        const [median, worst] = [times.toSorted((a, b) => a - b)[rounds >> 1], Math.max(...times)];
        console.log({
          phase: name,
          ends,
          calls,
          medianMs: round1(median),
          worstMs: round1(worst),
          left: [...left],
        });
      }
    }
  }
}

function round1(value) {
  return Math.round(value * 10) / 10;
}

/** The longest time from a call's end to its settled promise, milliseconds, and the handles left after close(). */
async function measure({ answer = '', scheme = 'http', frozen, stream, concurrency, retry }, ends, calls) {
  const server = fork(fileURLToPath(import.meta.url), [answer, frozen ? 'frozen' : '']);
  const [port] = await once(server, 'message');
  if (frozen) server.kill('SIGSTOP'); // its backlog is full after two connections; no other is answered
  const client = new LoadBalancedClient({
    endpoints: [{ url: `${scheme}://127.0.0.1:${port}` }],
    model: 'm',
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retry === undefined ? {} : { retry }),
    timeouts: { connectMs: 60_000 },
  });
  const parent = new AbortController();
  const code = ends === 'abort' ? 'ASSAY_ABORTED' : 'ASSAY_DEADLINE';
  const options = ends === 'abort' ? { signal: parent.signal } : { timeoutMs: SETTLE_MS };
  let abortedAt;
  const one = async () => {
    const due = performance.now() + SETTLE_MS;
    try {
      if (!stream) return await client.complete({ input: 'x' }, options);
      for await (const each of client.stream({ input: 'x' }, options)) void each;
    } catch (error) {
      if (error.code !== code) throw error;
      return performance.now() - (abortedAt ?? due);
    }
    throw new Error('the call was answered');
  };
  const pending = Array.from({ length: calls }, one);
  if (ends === 'abort') {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    abortedAt = performance.now();
    parent.abort();
  }
  const afterMs = Math.max(...(await Promise.all(pending)));
  await client.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const handles = process.getActiveResourcesInfo().filter((each) => /TCP|TLS|Timeout|GetAddrInfo/.test(each));
  server.kill('SIGKILL');
  await once(server, 'exit');
  return { afterMs, handles };
}
