import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BatchProcessor } from '../../src/batch/batch-processor.js';
import {
  startDashboard,
  type Dashboard,
  type DashboardOptions,
} from '../../src/dashboard/start-dashboard.js';
import { DecisionProcessor } from '../../src/decisions/decide/decision-processor.js';
import { AssayError } from '../../src/errors.js';
import { createEvaluator } from '../../src/evaluation/create-evaluator.js';
import { AlertManager } from '../../src/monitor/alerts/alert-manager.js';
import { RealTimeMonitor } from '../../src/monitor/real-time-monitor.js';
import { addressText } from '../../src/page/address-text.js';
import { placeOf, runAddress } from '../../src/page/browser/addresses.js';
import type { CasePage } from '../../src/page/case-data.js';
import type { LiveState, LiveUpdate, StoredReport, StoredRuns } from '../../src/page/dashboard-data.js';
import { MemoryResultStore } from '../../src/stores/memory-result-store.js';

const open: Dashboard[] = [];
afterEach(async () => {
  for (const dashboard of open.splice(0)) await dashboard.close();
});

async function start(options: DashboardOptions): Promise<Dashboard> {
  const dashboard = await startDashboard(options);
  open.push(dashboard);
  return dashboard;
}

const tokenOf = ({ url }: Dashboard): string => new URL(url).searchParams.get('token')!;

/** A request as it goes over the wire: `fetch` sets Host by itself. */
async function wire(
  port: number,
  request: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const socket = connect(port, '127.0.0.1');
  socket.write(request.replaceAll('\n', '\r\n'));
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('utf8')));
  socket.on('error', () => {});
  await once(socket, 'close');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
}

const evaluator = createEvaluator<string, string>({
  name: 'exact',
  version: '1',
  passThreshold: 0.5,
  dimensions: {
    correct: ({ output, expected }) => (output === expected ? 1 : 0),
    short: ({ output }) => 1 / (1 + output.length),
  },
});

const cases = Array.from({ length: 60 }, (_, i) => ({
  id: `case-${i}`,
  input: `What is ${i}?`,
  expected: String(i),
  group: i % 2 === 0 ? 'even' : 'odd',
}));

const answerOf = (wrongEvery: number) => (input: string) => {
  const i = Number(/\d+/.exec(input));
  if (i % 20 === 7) throw new Error('the server is gone');
  return i % wrongEvery === 0 ? 'no idea at all' : String(i);
};

async function storeRun(store: MemoryResultStore, runId: string, wrongEvery: number): Promise<void> {
  const processor = new BatchProcessor<string, string>({ store, target: answerOf(wrongEvery), evaluator });
  await processor.run(cases, { runId, tags: ['nightly'], description: `wrong every ${wrongEvery}` });
  await processor.close();
}

async function ask<Answer>(dashboard: Dashboard, path: string): Promise<Answer> {
  const address = new URL(path, dashboard.url);
  address.searchParams.set('token', tokenOf(dashboard));
  return (await (await fetch(address)).json()) as Answer;
}

/** Reads updates until one is as wanted. */
async function updates(dashboard: Dashboard, wanted: (state: LiveState) => boolean): Promise<LiveUpdate> {
  const response = await fetch(`http://127.0.0.1:${dashboard.port}/live?token=${tokenOf(dashboard)}`);
  let text = '';
  for await (const bytes of response.body!) {
    text += new TextDecoder().decode(bytes);
    const messages = text.split('\n\n');
    text = messages.pop()!;
    for (const message of messages) {
      const update = JSON.parse(message.replace('data: ', '')) as LiveUpdate;
      if (wanted(update.state)) return update;
    }
  }
  throw new Error('the updates ended');
}

describe('who is served', () => {
  const store = new MemoryResultStore();

  it('nobody without the token, and whoever has it by its address or its cookie', async () => {
    const dashboard = await start({ store });
    const base = `http://127.0.0.1:${dashboard.port}`;
    for (const path of ['/', '/?token=', '/?token=wrong', '/runs', '/live', `/?token=${tokenOf(dashboard)}x`])
      expect((await fetch(base + path)).status).toBe(403);
    const page = await fetch(dashboard.url);
    expect(page.status).toBe(200);
    const cookie = page.headers.get('set-cookie')!;
    expect(cookie).toBe(`assaykit-${dashboard.port}=${tokenOf(dashboard)}; Path=/; HttpOnly; SameSite=Lax`);
    expect(
      (await fetch(`${base}/runs`, { headers: { cookie: `a=b; ${cookie.split(';')[0]}` } })).status,
    ).toBe(200);
    expect(
      (await fetch(`${base}/runs`, { headers: { cookie: `assaykit-1=${tokenOf(dashboard)}` } })).status,
    ).toBe(403);
    expect(await page.text()).not.toContain(tokenOf(dashboard));
    const other = await start({ store });
    expect(tokenOf(other)).not.toBe(tokenOf(dashboard));
    expect(tokenOf(dashboard)).toMatch(/^[\w-]{43}$/);
  });

  it('no name but those of this machine, with whatever port', async () => {
    const dashboard = await start({ store });
    const path = `/runs?token=${tokenOf(dashboard)}`;
    const status = async (host: string): Promise<number> =>
      (await wire(dashboard.port, `GET ${path} HTTP/1.1\nHost: ${host}\nConnection: close\n\n`)).status;
    for (const host of [
      'evil.example',
      'evil.example:80',
      '127.0.0.1.evil.example',
      'localhost.evil',
      'a@localhost',
      '',
    ])
      expect([host, await status(host)]).toEqual([host, 421]);
    for (const host of ['127.0.0.1', `127.0.0.1:${dashboard.port}`, 'localhost:9999', 'LOCALHOST'])
      expect([host, await status(host)]).toEqual([host, 200]);
    expect((await wire(dashboard.port, `GET ${path} HTTP/1.0\n\n`)).status).toBe(421);
    expect(
      (
        await wire(
          dashboard.port,
          `GET http://evil.example${path} HTTP/1.1\nHost: localhost\nConnection: close\n\n`,
        )
      ).status,
    ).toBe(400);
    expect(
      (
        await wire(
          dashboard.port,
          `GET //evil.example${path} HTTP/1.1\nHost: localhost\nConnection: close\n\n`,
        )
      ).status,
    ).toBe(400);
  });

  it('no method but GET, and no other site but by a link to the page', async () => {
    const dashboard = await start({ store });
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH']) {
      const refused = await fetch(dashboard.url, { method });
      expect([method, refused.status, refused.headers.get('allow')]).toEqual([method, 405, 'GET']);
      expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    }
    const runs = dashboard.url.replace('/?', '/runs?');
    const from = (site: string, address: string): Promise<number> =>
      fetch(address, { headers: { 'sec-fetch-site': site } }).then(({ status }) => status);
    expect(await from('cross-site', dashboard.url)).toBe(200);
    expect([await from('cross-site', runs), await from('same-site', runs)]).toEqual([403, 403]);
    expect([await from('same-origin', runs), await from('none', runs)]).toEqual([200, 200]);
  });

  it('with headers that let the page do nothing but ask this server', async () => {
    const dashboard = await start({ store });
    for (const address of [
      dashboard.url,
      dashboard.url.replace('/?', '/runs?'),
      `http://127.0.0.1:${dashboard.port}/`,
    ]) {
      const { headers } = await fetch(address);
      const policy = headers.get('content-security-policy')!;
      expect(policy).toMatch(
        /^default-src 'none'; connect-src 'self'; script-src 'sha256-[^ ]+ 'sha256-[^ ]+;/,
      );
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': 'no-store',
      });
    }
  });

  it('listens to this machine alone', async () => {
    const { networkInterfaces } = await import('node:os');
    const dashboard = await start({ store });
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4');
    for (const { address } of others)
      await expect(fetch(dashboard.url.replace('127.0.0.1', address))).rejects.toThrow('fetch failed');
    expect(new URL(dashboard.url).hostname).toBe('127.0.0.1');
  });
});

describe('the options', () => {
  it('are checked, and a port in use is an error that says so', async () => {
    const store = new MemoryResultStore();
    await expect(startDashboard({})).rejects.toThrow('Expected `store`, `monitor` or `processor`');
    await expect(startDashboard({ store, port: 70_000 })).rejects.toThrow('`port` of startDashboard');
    await expect(startDashboard({ store, prot: 1 } as DashboardOptions)).rejects.toThrow(
      'did you mean `port`',
    );
    await expect(startDashboard({ processor: {} } as unknown as DashboardOptions)).rejects.toThrow(
      '`processor`',
    );
    await expect(startDashboard({ store: {} } as unknown as DashboardOptions)).rejects.toThrow('`store`');
    await expect(startDashboard({ monitor: {} } as unknown as DashboardOptions)).rejects.toThrow(
      'RealTimeMonitor',
    );
    const taken = createServer();
    await once(taken.listen(0, '127.0.0.1'), 'listening');
    const { port } = taken.address() as AddressInfo;
    const error: unknown = await startDashboard({ store, port }).catch((reason: unknown) => reason);
    expect(AssayError.is(error) && [error.code, error.message]).toEqual([
      'ASSAY_BUSY',
      `Port ${port} is in use: give another \`port\`, or 0 for a free one`,
    ]);
    taken.close();
  });

  it('let the same port be used again after close, which may be called twice', async () => {
    const store = new MemoryResultStore();
    const first = await startDashboard({ store });
    const following = await fetch(first.url.replace('/?', '/runs?'));
    await following.text();
    await Promise.all([first.close(), first.close()]);
    await expect(fetch(first.url)).rejects.toThrow('fetch failed');
    const { port } = await start({ store, port: first.port });
    expect(port).toBe(first.port);
    await using third = await startDashboard({ store });
    expect(third.port).toBeGreaterThan(0);
  });
});

describe('what is going on', () => {
  it('is followed from the beginning of a run to its end, with the score of a complete prefix', async () => {
    let go = (): void => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    const processor = new BatchProcessor<string, string>({
      target: async (input) => {
        if (input === 'What is 30?') await held;
        return answerOf(4)(input);
      },
      evaluator,
      concurrency: 8,
      progressIntervalMs: 100,
    });
    const dashboard = await start({ processor, intervalMs: 50 });
    const seen = updates(dashboard, ({ runs }) => runs[0]?.done === 59);
    const run = processor.run(cases, { runId: 'held' });
    const { state } = await seen;
    expect(state.runs).toMatchObject([{ runId: 'held', state: 'running', total: 60, errored: 3 }]);
    // Case 30 holds up the prefix, whatever has finished after it.
    expect(state.runs[0]!.score).toMatchObject({ results: 30 });
    expect(state.runs[0]!.score!.n).toBe(28);
    const ended = updates(dashboard, ({ runs }) => runs[0]?.state === 'ended');
    go();
    await run;
    expect((await ended).state.runs[0]).toMatchObject({ done: 60, score: { n: 57, results: 60 } });
    await processor.close();
  });

  it('is known from a monitor alone, several runs at once, with errors by code', async () => {
    const monitor = new RealTimeMonitor({ intervalMs: 50, system: false });
    const target = async (input: string): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return answerOf(5)(input);
    };
    const processors = [1, 2].map(
      () =>
        new BatchProcessor<string, string>({ target, evaluator, concurrency: 4, progressIntervalMs: 100 }),
    );
    monitor.watch(...processors);
    monitor.start();
    const dashboard = await start({ monitor, intervalMs: 50 });
    const both = updates(
      dashboard,
      ({ runs }) => runs.filter(({ state }) => state === 'running').length === 2,
    );
    const done = updates(
      dashboard,
      ({ runs }) => runs.length === 2 && runs.every(({ state }) => state === 'ended'),
    );
    await Promise.all(processors.map((processor, i) => processor.run(cases, { runId: `run ${i}` })));
    expect((await both).state.runs.map(({ runId }) => runId).sort()).toEqual(['run 0', 'run 1']);
    const { state, points } = await done;
    expect(state.errors).toEqual([['ASSAY_TARGET_FAILED', 6]]);
    expect(points.length).toBeGreaterThan(0);
    const later = await updates(dashboard, () => true);
    expect(later.points.length).toBeGreaterThan(3);
    expect(later.points.some(({ perSecond }) => perSecond > 0)).toBe(true);
    monitor.close();
    for (const processor of processors) await processor.close();
  });

  it('has alerts and the looks of a decision', async () => {
    const monitor = new RealTimeMonitor({ intervalMs: 50, system: false });
    const alerts = new AlertManager({
      rules: [{ name: 'always', severity: 'warning', condition: () => true, message: () => 'it is so' }],
    });
    alerts.watch(monitor);
    const processor = new DecisionProcessor<string, string>({
      a: (input: string) => String(/\d+/.exec(input)),
      b: () => 'no idea',
      evaluator,
      metric: 'correct',
      open: true,
      runId: 'which',
    });
    monitor.watch(processor);
    monitor.start();
    const dashboard = await start({ monitor, processor, alerts, intervalMs: 50 });
    const seen = updates(dashboard, ({ decisions }) => decisions[0]?.ended === true);
    const decision = await processor.run(cases);
    const { state } = await seen;
    expect(state.decisions).toMatchObject([
      { runId: 'which', outcome: decision.outcome, meanA: 1, meanB: 0 },
    ]);
    const told = await updates(dashboard, (now) => now.alerts.length > 0);
    expect(told.state.alerts).toMatchObject([{ rule: 'always', status: 'firing', message: 'it is so' }]);
    monitor.close();
    await alerts.close();
    await processor.close();
  });

  it('costs a host nothing that throws, whatever it watches', async () => {
    const monitor = {
      on: () => () => {},
      current: () => null,
      history: () => {
        throw new Error('no history');
      },
      errorTotals: () => ({}),
    };
    const dashboard = await start({ monitor });
    const answer = await fetch(dashboard.url.replace('/?', '/live?'));
    expect([answer.status, await answer.text()]).toEqual([500, 'no history\n']);
  });
});

describe('what a store tells', () => {
  const store = new MemoryResultStore();
  const both = Promise.all([storeRun(store, 'old', 6), storeRun(store, 'new', 4)]);

  it('is the list of runs, newest first, as many as are asked for', async () => {
    await both;
    const dashboard = await start({ store });
    const { runs, more } = await ask<StoredRuns>(dashboard, '/runs');
    expect(more).toBe(false);
    expect(runs.map(({ runId }) => runId).sort()).toEqual(['new', 'old']);
    expect(runs.find(({ runId }) => runId === 'new')).toMatchObject({
      state: 'ended',
      results: 60,
      errored: 3,
      evaluator: 'exact 1',
      tags: ['nightly'],
      description: 'wrong every 4',
    });
    expect(await ask<StoredRuns>(dashboard, '/runs?limit=1')).toMatchObject({ runs: [{}], more: true });
    expect(await ask(dashboard, '/runs?limit=-1')).toEqual({ error: expect.stringContaining('`limit`') });
  });

  it('is a run with its cases by pages, filtered and in order', async () => {
    await both;
    const dashboard = await start({ store });
    const { report, head } = await ask<StoredReport>(dashboard, '/run?run=new');
    expect(head).toMatchObject({
      dimensions: ['correct', 'short'],
      groups: ['even', 'odd'],
      total: 60,
      available: 60,
    });
    expect(report.counts).toMatchObject({ results: 60, errored: 3 });
    const page = (query: string): Promise<CasePage> => ask(dashboard, `/cases?run=new&${query}`);
    const seen: string[] = [];
    for (let offset = 0; ; offset += 25) {
      const { rows, more } = await page(`sort=lowest&limit=25&offset=${offset}`);
      seen.push(...rows.map(({ caseId }) => caseId));
      if (!more) break;
    }
    expect(new Set(seen).size).toBe(60);
    const wrong = await page('outcome=failed&limit=100');
    expect(wrong.rows).toHaveLength(15);
    expect(wrong).toMatchObject({ matches: 15, more: false });
    expect((await page('outcome=passed&limit=100')).rows).toHaveLength(42);
    expect((await page('outcome=errored')).rows.map(({ caseId }) => caseId)).toEqual([
      'case-7',
      'case-27',
      'case-47',
    ]);
    expect((await page('group=odd&outcome=failed')).rows).toEqual([]);
    expect((await page('search=WHAT IS 33')).rows.map(({ caseId }) => caseId)).toEqual(['case-33']);
    expect((await page('search=no idea')).matches).toBe(15);
    const short = await page('score=short&at-most=0.2&sort=lowest');
    expect(short.rows.map(({ scores }) => scores[0])).toEqual(Array.from({ length: 15 }, () => 1 / 15));
    const slow = await page('sort=slowest&limit=2');
    expect([slow.rows.length, slow.matches]).toEqual([2, 60]);
    expect(await ask(dashboard, '/cases?run=new&sort=sideways')).toEqual({
      error: expect.stringContaining('`sort`'),
    });
  });

  it('is the comparison of two runs, worst news first', async () => {
    await both;
    const dashboard = await start({ store });
    const { report, head } = await ask<StoredReport>(dashboard, '/run?run=new&baseline=old');
    expect(head.compared).toBe(true);
    expect(report.changes).toMatchObject({ 'to-fail': 10, 'to-pass': 5 });
    expect(report.differences[0]).toMatchObject({ name: 'Overall', losses: 10, wins: 5 });
    const { rows, matches } = await ask<CasePage>(dashboard, '/cases?run=new&baseline=old&change=to-fail');
    expect(matches).toBe(10);
    expect(rows[0]).toMatchObject({ change: 'to-fail', passed: false });
    const detail = await ask<object>(dashboard, `/case?run=new&baseline=old&case=${rows[0]!.caseId}`);
    expect(detail).toMatchObject({
      text: { text: 'no idea at all' },
      messages: [{ content: { text: `What is ${rows[0]!.caseId.slice(5)}?` } }],
      baseline: { text: { text: rows[0]!.caseId.slice(5) } },
    });
  });

  it('is found by any id: half characters, quotes, slashes, line breaks, blanks', async () => {
    const ids = ['\ud800', 'a\udc00/b\n?&#', '"quoted"', ' ', '%00', '\ud83d\ude00'];
    const any = new MemoryResultStore();
    const processor = new BatchProcessor<string, string>({ store: any, target: async (x) => x, evaluator });
    for (const runId of ids)
      await processor.run(
        ids.map((id) => ({ id, input: `of ${JSON.stringify(id)}`, expected: 'x' })),
        { runId },
      );
    await processor.close();
    const dashboard = await start({ store: any });
    for (const id of ids) {
      const [asked, group] = [encodeURIComponent(addressText(id)), encodeURIComponent(addressText(ids[0]!))];
      const detail = await ask<object>(dashboard, `/case?run=${asked}&case=${asked}`);
      expect(detail).toMatchObject({ messages: [{ content: { text: `of ${JSON.stringify(id)}` } }] });
      expect(await ask(dashboard, `/cases?run=${asked}&group=${group}`)).toMatchObject({ matches: 0 });
      expect(placeOf(runAddress(id, id))).toEqual({ name: 'run', runId: id, baseline: id });
    }
    expect(await ask(dashboard, '/case?run=%22a&case=b')).toEqual({
      error: 'Expected `run` in the address to be a text or JSON',
    });
  });

  it('is an error on the page when it fails, and a run that it does not know', async () => {
    const failing = new MemoryResultStore();
    await failing.close();
    const dashboard = await start({ store: failing });
    for (const path of ['/runs', '/run?run=a', '/cases?run=a', '/case?run=a&case=b'])
      expect(await ask(dashboard, path)).toEqual({ error: expect.stringContaining('closed') });
    const empty = await start({ store: new MemoryResultStore() });
    const status = async (path: string): Promise<number> =>
      (await fetch(`http://127.0.0.1:${empty.port}${path}&token=${tokenOf(empty)}`)).status;
    expect(await status('/run?run=a')).toBe(404);
    expect(await status('/case?run=a&case=b')).toBe(404);
    expect(await status('/case?run=a')).toBe(400);
    expect(await status('/nothing?')).toBe(404);
    expect(await status('/live?')).toBe(404);
  });

  it('is no longer read for a page that has gone', async () => {
    await both;
    let read = 0;
    let ended = false;
    const endless = {
      manifest: (runId: string) => store.manifest(runId),
      runs: () => store.runs(),
      query: async function* () {
        try {
          for (;;) {
            for await (const result of store.query({ runId: 'new' })) {
              read++;
              await new Promise((resolve) => setImmediate(resolve));
              yield result;
            }
          }
        } finally {
          ended = true;
        }
      },
    };
    const dashboard = await start({ store: endless });
    const leaving = new AbortController();
    const asked = fetch(
      `http://127.0.0.1:${dashboard.port}/cases?run=new&sort=slowest&token=${tokenOf(dashboard)}`,
      {
        signal: leaving.signal,
      },
    );
    await expect.poll(() => read).toBeGreaterThan(100);
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => ended).toBe(true);
  });
});
