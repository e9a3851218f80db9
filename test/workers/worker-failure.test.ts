import { describe, expect, it } from 'vitest';
import { failureOf, verdictOn, type Incident } from '../../src/workers/worker-failure.js';
import { refuseProcesses } from '../../src/workers/start-worker.js';
import { resolvePoolOptions } from '../../src/workers/pool-options.js';

const verdicts = (incident: Omit<Incident, 'tasks'>, tasks: number): string[] =>
  Array.from({ length: tasks }, (_, index) => verdictOn(index, { ...incident, tasks }));

describe('verdictOn', () => {
  it('finds the task guilty that the worker was at when its time was up, and no other', () => {
    const incident = { code: 'ASSAY_WORKER_TIMEOUT', culprit: 1, fresh: false } as const;
    expect(verdicts(incident, 3)).toEqual(['innocent', 'guilty', 'innocent']);
    expect(verdicts({ ...incident, culprit: undefined }, 2)).toEqual(['suspect', 'suspect']);
    expect(verdicts({ ...incident, culprit: undefined }, 1)).toEqual(['guilty']);
  });

  it.each(['ASSAY_WORKER_CRASHED', 'ASSAY_WORKER_OUT_OF_MEMORY'] as const)(
    'blames nobody for %s while an earlier task may be the reason',
    (code) => {
      expect(verdicts({ code, culprit: 1, fresh: false }, 3)).toEqual(['suspect', 'suspect', 'innocent']);
      expect(verdicts({ code, culprit: 1, fresh: true }, 3)).toEqual(['suspect', 'suspect', 'innocent']);
      expect(verdicts({ code, culprit: 0, fresh: false }, 1)).toEqual(['suspect']);
      expect(verdicts({ code, culprit: 0, fresh: true }, 1)).toEqual(['guilty']);
    },
  );

  it('counts a crash before any task was begun against the one before, or against starting', () => {
    const incident = { code: 'ASSAY_WORKER_CRASHED', culprit: -1 } as const;
    expect(verdicts({ ...incident, fresh: false }, 2)).toEqual(['innocent', 'innocent']);
    expect(verdicts({ ...incident, fresh: true }, 2)).toEqual(['suspect', 'suspect']);
    expect(verdicts({ ...incident, fresh: true }, 1)).toEqual(['guilty']);
  });

  it('splits a message that could not be sent until the case that cannot is alone', () => {
    const incident = { code: 'ASSAY_WORKER_UNCLONEABLE', culprit: -1, fresh: false } as const;
    expect(verdicts(incident, 2)).toEqual(['suspect', 'suspect']);
    expect(verdicts(incident, 1)).toEqual(['guilty']);
  });
});

describe('failureOf', () => {
  const options = resolvePoolOptions({
    workers: 1,
    taskTimeoutMs: 70,
    startTimeoutMs: 80,
    memoryPerWorkerMb: 64,
  });

  it.each([
    ['timeout', 'ASSAY_WORKER_TIMEOUT', /70 ms/],
    ['start', 'ASSAY_WORKER_UNAVAILABLE', /80 ms/],
    ['abandoned', 'ASSAY_ABORTED', /nobody waited/],
  ] as const)('says why the worker was ended: %s', (ended, code, message) => {
    expect(failureOf(new Error('ended'), { ended, options })).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('tells the memory limit, what cannot be cloned, and any other end', () => {
    const outOfMemory = Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' });
    expect(failureOf(outOfMemory, { options }).message).toContain('64 MB');
    const uncloneable = new DOMException('a function', 'DataCloneError');
    expect(failureOf(uncloneable, { options }).code).toBe('ASSAY_WORKER_UNCLONEABLE');
    expect(failureOf(undefined, { options })).toMatchObject({ code: 'ASSAY_WORKER_CRASHED' });
  });

  it.each(['worker.js', 'worker.1cnvxv6cm2-4b.js', 'process.js'])(
    'says what to configure when a bundler has left %s behind, also under a name of its own',
    (file) => {
      const missing = Object.assign(new Error(`Cannot find module '/srv/assets/${file}'`), {
        code: 'ERR_MODULE_NOT_FOUND',
      });
      expect(failureOf(missing, { options })).toMatchObject({
        code: 'ASSAY_WORKER_UNAVAILABLE',
        message: expect.stringContaining('keep assaykit external'),
      });
    },
  );

  it("tells of Node's permission model by name", () => {
    const denied = Object.assign(new Error('Access to this API has been restricted'), {
      code: 'ERR_ACCESS_DENIED',
    });
    expect(failureOf(denied, { options })).toMatchObject({
      code: 'ASSAY_WORKER_UNAVAILABLE',
      message: expect.stringContaining('permission model'),
    });
  });

  it('takes a missing module of the host for what it is', () => {
    const missing = Object.assign(new Error("Cannot find module '/srv/my-scorers.js'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    expect(failureOf(missing, { options }).code).toBe('ASSAY_WORKER_CRASHED');
  });
});

describe('refuseProcesses', () => {
  it('refuses worker processes on Bun by name, and nowhere else', () => {
    expect(() => refuseProcesses({ node: '24.3.0', bun: '1.4.5' })).toThrow(
      expect.objectContaining({
        code: 'ASSAY_WORKER_UNAVAILABLE',
        message: expect.stringContaining("runtime: 'threads'"),
      }),
    );
    expect(() => refuseProcesses(process.versions)).not.toThrow();
  });
});
