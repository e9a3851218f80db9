#!/usr/bin/env node
// A mock OpenAI-compatible server, made to cost as little CPU as plain Node allows, because it shares the machine with
// the client under test. It speaks HTTP/1.1 straight over node:net: no header objects, no streams, no JSON. Every reply
// is one pre-serialised buffer into which the eight id digits of the request are copied.
//
//   node mock-server.mjs [--port 0] [--latency 50] [--jitter 5] [--error-rate 0.01] [--rate-429 0.01]
//        [--retry-after 1] [--length 1000] [--seed 1] [--stdin-exit]
//
// Routes: POST /v1/chat/completions, POST /v1/completions, GET /health, GET /stats[?reset], GET /v1/models.
// Prints one JSON line {"port":…} when it listens. Ends on SIGTERM, or when its stdin closes (--stdin-exit).
// Binds to 127.0.0.1 only.
import net from 'node:net';
import { parseArgs } from 'node:util';
import { answerTail } from './cases.mjs';

const { values: flags } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    latency: { type: 'string', default: '0' },
    jitter: { type: 'string', default: '0' },
    'error-rate': { type: 'string', default: '0' },
    'rate-429': { type: 'string', default: '0' },
    'retry-after': { type: 'string', default: '1' },
    length: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    'stdin-exit': { type: 'boolean', default: false },
  },
});
const latencyMs = Number(flags.latency);
const jitterMs = Number(flags.jitter);
const errorRate = Number(flags['error-rate']);
const rate429 = Number(flags['rate-429']);

let state = Number(flags.seed) >>> 0 || 1;

/** xorshift32: a uniform number in [0, 1) without allocating. */
function random() {
  state ^= state << 13;
  state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5;
  state >>>= 0;
  return state / 4_294_967_296;
}

const ID = '@@@@@@@@'; // overwritten by each request's own
const answer = ID + answerTail(Number(flags.length));
const usage = { prompt_tokens: 80, completion_tokens: 200, total_tokens: 280 };

function httpReply(status, body, headers = '') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return Buffer.from(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n` +
      `Connection: keep-alive\r\nKeep-Alive: timeout=120\r\n${headers}\r\n${text}`,
    'latin1',
  );
}

/** A reply with the two places where the id goes. */
function template(body) {
  const buffer = httpReply('200 OK', body, 'x-request-id: req_mock\r\n');
  const first = buffer.indexOf(ID);
  return { buffer, first, second: buffer.indexOf(ID, first + ID.length) };
}

const CHAT = template({
  id: `chatcmpl-${ID}`,
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'mock',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: answer, refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage,
  system_fingerprint: 'fp_mock',
});
const COMPLETION = template({
  id: `cmpl-${ID}`,
  object: 'text_completion',
  created: 1_700_000_000,
  model: 'mock',
  choices: [{ index: 0, text: answer, logprobs: null, finish_reason: 'stop' }],
  usage,
});
const failure = (message, type, code) => ({ error: { message, type, code } });
const SERVER_ERROR = httpReply('500 Internal Server Error', failure('mock failure', 'server_error', null));
const RATE_LIMITED = httpReply(
  '429 Too Many Requests',
  failure('mock rate limit', 'rate_limit_error', 'rate_limit_exceeded'),
  `Retry-After: ${flags['retry-after']}\r\n`,
);
const NO_ROUTE = httpReply('404 Not Found', failure('no such route', 'invalid_request_error', null));
const HEALTH = httpReply('200 OK', { status: 'ok' });
const MODELS = httpReply('200 OK', {
  object: 'list',
  data: [{ id: 'mock', object: 'model', created: 0, owned_by: 'mock' }],
});
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

const stats = {
  requests: 0,
  ok: 0,
  e500: 0,
  e429: 0,
  connections: 0,
  open: 0,
  maxOpen: 0,
  inFlight: 0,
  maxInFlight: 0,
};

function statsReply(reset) {
  const cpu = process.cpuUsage();
  const reply = httpReply('200 OK', {
    ...stats,
    cpuUserMs: cpu.user / 1000,
    cpuSystemMs: cpu.system / 1000,
    maxRssKb: process.resourceUsage().maxRSS,
  });
  if (reset) {
    stats.maxInFlight = stats.inFlight;
    stats.maxOpen = stats.open;
    stats.connections = 0;
  }
  return reply;
}

const ID_MARK = Buffer.from('#id=');

function modelReply({ buffer, first, second }, request, from, to) {
  if (errorRate > 0 || rate429 > 0) {
    const drawn = random();
    if (drawn < errorRate) {
      stats.e500++;
      return SERVER_ERROR;
    }
    if (drawn < errorRate + rate429) {
      stats.e429++;
      return RATE_LIMITED;
    }
  }
  stats.ok++;
  const out = Buffer.allocUnsafe(buffer.length);
  buffer.copy(out, 0);
  const at = request.indexOf(ID_MARK, from) + ID_MARK.length;
  if (at >= from + ID_MARK.length && at + ID.length <= to) {
    request.copy(out, first, at, at + ID.length);
    request.copy(out, second, at, at + ID.length);
  }
  return out;
}

function delayMs() {
  const drawn = jitterMs > 0 ? latencyMs + (random() * 2 - 1) * jitterMs : latencyMs;
  return drawn > 0 ? Math.max(1, Math.round(drawn)) : 0;
}

function send(socket, reply) {
  stats.inFlight--;
  if (!socket.destroyed) socket.write(reply);
}

function respond(socket, isPost, path, request, from, to) {
  if (!isPost) {
    if (path.startsWith('/health')) socket.write(HEALTH);
    else if (path.startsWith('/stats')) socket.write(statsReply(path.endsWith('?reset')));
    else if (path.startsWith('/v1/models')) socket.write(MODELS);
    else socket.write(NO_ROUTE);
    return;
  }
  let reply;
  if (path.startsWith('/v1/chat/completions')) reply = CHAT;
  else if (path.startsWith('/v1/completions')) reply = COMPLETION;
  else return void socket.write(NO_ROUTE);
  stats.requests++;
  stats.maxInFlight = Math.max(stats.maxInFlight, ++stats.inFlight);
  const out = modelReply(reply, request, from, to);
  const ms = delayMs();
  if (ms === 0) send(socket, out);
  else setTimeout(send, ms, socket, out);
}

const CONTENT_LENGTH = /content-length: *(\d+)/i;
const CHUNKED = /transfer-encoding: *chunked/i;
const EXPECTS_CONTINUE = /expect: *100-continue/i;
const LETTER_P = 80;

/** Where a complete chunked body that starts at `from` ends, or -1. */
function chunkedEnd(buffer, from) {
  let at = from;
  for (;;) {
    const endOfLine = buffer.indexOf('\r\n', at);
    if (endOfLine === -1) return -1;
    const size = Number.parseInt(buffer.latin1Slice(at, endOfLine), 16);
    at = endOfLine + 2 + size + 2;
    if (at > buffer.length) return -1;
    if (size === 0) return at;
  }
}

/** Where the body of a request ends, or -1 when it is not complete. */
function bodyEnd(buffer, head, from) {
  const length = CONTENT_LENGTH.exec(head);
  if (length !== null) {
    const end = from + Number(length[1]);
    return end > buffer.length ? -1 : end;
  }
  return CHUNKED.test(head) ? chunkedEnd(buffer, from) : from;
}

function onConnection(socket) {
  stats.connections++;
  stats.maxOpen = Math.max(stats.maxOpen, ++stats.open);
  let pending = [];
  let pendingBytes = 0;
  let wanted = 0; // bytes that a request known to be incomplete needs: large bodies are joined once, not at every chunk
  let continued = false;
  socket.on('data', (chunk) => {
    pending.push(chunk);
    pendingBytes += chunk.length;
    if (pendingBytes < wanted) return;
    const buffer = pending.length === 1 ? chunk : Buffer.concat(pending, pendingBytes);
    wanted = 0;
    let at = 0;
    while (at < buffer.length) {
      const headEnd = buffer.indexOf('\r\n\r\n', at);
      if (headEnd === -1) break;
      const head = buffer.latin1Slice(at, headEnd);
      const from = headEnd + 4;
      const isPost = buffer[at] === LETTER_P;
      const end = isPost ? bodyEnd(buffer, head, from) : from;
      if (end === -1) {
        const length = CONTENT_LENGTH.exec(head);
        if (length !== null) wanted = from - at + Number(length[1]);
        if (!continued && EXPECTS_CONTINUE.test(head)) {
          continued = true;
          socket.write(CONTINUE);
        }
        break;
      }
      const space = head.indexOf(' ');
      respond(socket, isPost, head.slice(space + 1, head.indexOf(' ', space + 1)), buffer, from, end);
      continued = false;
      at = end;
    }
    pending = at < buffer.length ? [at === 0 ? buffer : buffer.subarray(at)] : [];
    pendingBytes = buffer.length - at;
  });
  socket.on('error', () => {}); // a client that hangs up is none of the server's business
  socket.on('close', () => void stats.open--);
}

const server = net.createServer({ noDelay: true }, onConnection);
server.listen({ port: Number(flags.port), host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
const stop = () => process.exit(0);
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (flags['stdin-exit']) process.stdin.on('end', stop).resume();
