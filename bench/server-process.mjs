// Starts the mock server in a process of its own, so that its work is not counted as the client's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SCRIPT = fileURLToPath(new URL('./mock-server.mjs', import.meta.url));

/**
 * @param {{ latencyMs?: number, jitterMs?: number, length?: number, errorRate?: number, rate429?: number }} [options]
 *   `length`: characters of an answer; rates lie in 0..1.
 * @returns a running server: `url`, `pid`, `stats(reset)` (requests, connections, most in flight, CPU), `close()`.
 */
export async function startServerProcess(options = {}) {
  const { latencyMs = 0, jitterMs = 0, length = 1000, errorRate = 0, rate429 = 0 } = options;
  const flags = {
    latency: latencyMs,
    jitter: jitterMs,
    length,
    'error-rate': errorRate,
    'rate-429': rate429,
  };
  const child = spawn(
    process.execPath,
    [SCRIPT, '--stdin-exit', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`])],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const url = `http://127.0.0.1:${JSON.parse(line).port}`;
  return {
    url,
    pid: child.pid,
    stats: async (reset = false) => {
      const reply = await fetch(`${url}/stats${reset ? '?reset' : ''}`, { headers: { connection: 'close' } });
      return reply.json();
    },
    close: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

/** Sends the server enough requests that its own code is compiled before anything is measured. */
export async function warmUp(url, requests = 3000) {
  const body = JSON.stringify({ messages: [{ role: 'user', content: '#id=00000001#' }] });
  const lane = async () => {
    for (let i = 0; i < requests / 10; i++) {
      const reply = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body });
      await reply.text();
    }
  };
  await Promise.all(Array.from({ length: 10 }, lane));
}
