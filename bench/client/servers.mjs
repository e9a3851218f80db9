// Model servers on loopback for the client's benches: speed, faults and enforced limits can be changed while they run.
import http from 'node:http';

const REPLY = JSON.stringify({
  id: 'chatcmpl-1',
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 20 },
});

/** A token bucket as a server enforces it. */
class Bucket {
  constructor(perSecond, burst) {
    Object.assign(this, { perSecond, burst, level: burst, at: performance.now() });
  }
  take(amount) {
    const now = performance.now();
    this.level = Math.min(this.burst, this.level + ((now - this.at) / 1000) * this.perSecond);
    this.at = now;
    if (this.level < amount) return false;
    this.level -= amount;
    return true;
  }
}

/** `rps`, `tps` with `burst`: enforced limits; `latencyMs`; `mode`: 'ok' or '500'. */
export class BenchServer {
  constructor({ latencyMs = 5, rps, tps, burst } = {}) {
    this.latencyMs = latencyMs;
    this.requests = rps === undefined ? undefined : new Bucket(rps, burst ?? rps);
    this.tokens = tps === undefined ? undefined : new Bucket(tps, tps);
    this.mode = 'ok';
    this.stats = { ok: 0, refused: 0, failed: 0, peakSockets: 0, admittedAt: [] };
    this.sockets = new Set();
  }
  async start(port = 0) {
    this.server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
      this.#answer(request, response),
    );
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      this.stats.peakSockets = Math.max(this.stats.peakSockets, this.sockets.size);
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}`;
    return this;
  }
  /** As `kill -9`: every connection is reset. */
  async kill() {
    for (const socket of this.sockets) socket.resetAndDestroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
  #answer(request, response) {
    request.resume();
    request.on('error', () => {});
    request.on('end', () => {
      if (this.mode === '500') return this.#reply(response, 500, '{"error":{"message":"down"}}', 'failed');
      if (this.requests?.take(1) === false || this.tokens?.take(30) === false) {
        response.setHeader('retry-after', '1');
        return this.#reply(response, 429, '{"error":{"message":"slow down"}}', 'refused');
      }
      this.stats.admittedAt.push(performance.now());
      setTimeout(() => this.#reply(response, 200, REPLY, 'ok'), this.latencyMs).unref(); // the sockets keep it alive
    });
  }
  #reply(response, status, body, counter) {
    this.stats[counter]++;
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  }
}

/** Runs `one` `calls` times with `inFlight` at a time, or until `forMs` has passed; counts outcomes by code. */
export async function load(
  { calls = Number.POSITIVE_INFINITY, forMs = Number.POSITIVE_INFINITY, inFlight = 64 },
  one,
) {
  const outcome = { ok: 0, failed: 0, attempts: 0, codes: {} };
  const end = performance.now() + forMs;
  let begun = 0;
  const lane = async () => {
    while (begun < calls && performance.now() < end) {
      begun++;
      try {
        const { attempts } = await one(begun);
        outcome.attempts += attempts;
        outcome.ok++;
      } catch (error) {
        outcome.failed++;
        outcome.attempts += error.attempts?.length ?? 0;
        outcome.codes[error.code] = (outcome.codes[error.code] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return outcome;
}

/** Most of `times` within any second. */
export function mostInASecond(times) {
  let most = 0;
  for (let from = 0, to = 0; from < times.length; from++) {
    while (to < times.length && times[to] < times[from] + 1000) to++;
    most = Math.max(most, to - from);
  }
  return most;
}
