import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { onTestFinished } from 'vitest';
import { LoadBalancedClient } from '../../src/client/load-balanced-client.js';
import type { LoadBalancedClientOptions } from '../../src/client/client-options.js';
import type { Protocol, ProtocolReply } from '../../src/client/protocols/protocol.js';

/** What a request to the server held. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** A server on loopback that answers as a test says; closed when the test ends. */
export interface ModelServer {
  readonly url: string;
  readonly requests: SeenRequest[];
  readonly server: Server;
}

export type Answer = (request: SeenRequest, response: ServerResponse, index: number) => void;

/** Starts a server; `answer` gets every request, with its index. */
export async function modelServer(
  answer: Answer = (_request, response) => chat(response, 'ok'),
): Promise<ModelServer> {
  const requests: SeenRequest[] = [];
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const seen: SeenRequest = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      };
      requests.push(seen);
      answer(seen, response, requests.length - 1);
    });
    incoming.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, server };
}

/** A server that speaks bytes. */
export interface RawServer {
  readonly url: string;
  readonly server: TcpServer;
  readonly sockets: ReadonlySet<Socket>;
  /** Connections that are closed by now. */
  closed(): number;
}

/** Starts a server that speaks bytes: whatever `onRequest` writes after the first bytes of a request came. */
export async function rawServer(onRequest: (socket: Socket, connection: number) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let closed = 0;
  const server = createTcpServer((socket) => {
    const connection = connections++;
    sockets.add(socket);
    socket.on('close', () => {
      closed++;
      sockets.delete(socket);
    });
    socket.on('error', () => {});
    socket.on('data', () => onRequest(socket, connection));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    sockets,
    closed: () => closed,
  };
}

/** A client that is closed when the test ends. */
export function clientFor(options: LoadBalancedClientOptions): LoadBalancedClient {
  const client = new LoadBalancedClient({ model: 'm', ...options });
  onTestFinished(() => client.close({ timeoutMs: 0 }));
  return client;
}

/** A chat completion's body. */
export function chatReply(text: string): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    model: 'm-2026',
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 5 },
  };
}

/** Answers with a chat completion. */
export function chat(response: ServerResponse, text: string, headers: Record<string, string> = {}): void {
  json(response, 200, chatReply(text), headers);
}

/** Answers with JSON. */
export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A URL where nothing listens. */
export async function deadUrl(): Promise<string> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** The server-sent events of a streamed chat completion. */
export function chatEvents(pieces: readonly string[]): string {
  const events = pieces.map((content) => ({ id: 's', model: 'm-2026', choices: [{ delta: { content } }] }));
  return [
    ...events.map((event) => `data: ${JSON.stringify(event)}\n\n`),
    `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\n`,
    `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: pieces.length } })}\n\n`,
    'data: [DONE]\n\n',
  ].join('');
}

/** What a protocol reads from the messages of a stream. */
export function streamOf(
  protocol: Protocol,
  messages: readonly unknown[],
): { readonly texts: readonly string[]; readonly done: boolean; readonly reply: ProtocolReply } {
  const reader = protocol.stream();
  const texts = messages.map((message) => reader.read(message)).filter((text) => text !== '');
  return { texts, done: reader.done, reply: reader.reply() };
}
