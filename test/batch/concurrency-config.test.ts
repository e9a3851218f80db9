import { describe, expect, it } from 'vitest';
import { fromConcurrencyConfig } from '../../src/batch/concurrency-config.js';

/** The advanced configuration of the Python framework's guide, as it stands there. */
const advanced = {
  concurrency: {
    workers: 12,
    batch_size: 20,
    queue_size: 100,
    worker_timeout: 300,
    rate_limiting: { requests_per_second: 10, burst_size: 15, backoff_factor: 1.5 },
    resource_limits: { memory_per_worker_mb: 3072, cpu_affinity: 'auto', max_concurrent_api_calls: 8 },
  },
};

describe('fromConcurrencyConfig', () => {
  it('gives every key of the configuration its effect', () => {
    expect(fromConcurrencyConfig(advanced)).toEqual({
      processor: {
        concurrency: 12,
        batchSize: 20,
        queueSize: 100,
        caseTimeoutMs: 300_000,
        rateLimit: { requestsPerSecond: 10, burst: 15 },
      },
      workers: { workers: 12, taskTimeoutMs: 300_000, memoryPerWorkerMb: 3072, cpuAffinity: 'auto' },
      client: { concurrency: 8, retry: { initialBackoffMs: 1500, maxBackoffMs: 8000 } },
    });
  });

  it('takes the section alone, and the text of the file', () => {
    const whole = fromConcurrencyConfig(advanced);
    expect(fromConcurrencyConfig(advanced.concurrency)).toEqual(whole);
    expect(fromConcurrencyConfig(JSON.stringify(advanced))).toEqual(whole);
  });

  it('sets nothing for what is left out, so that spreading it overrides nothing', () => {
    expect(fromConcurrencyConfig({})).toEqual({ processor: {}, workers: {}, client: {} });
    const { processor } = fromConcurrencyConfig({ rate_limiting: { requests_per_second: 5 } });
    expect(Object.keys(processor)).toEqual(['rateLimit']);
    expect(processor.rateLimit).toEqual({ requestsPerSecond: 5 });
  });

  it.each(Object.keys(advanced.concurrency))('changes something when `%s` is there', (key) => {
    const value = advanced.concurrency[key as keyof typeof advanced.concurrency];
    expect(fromConcurrencyConfig({ [key]: value })).not.toEqual(fromConcurrencyConfig({}));
  });

  it('can leave workers unpinned, or pin them by a list', () => {
    const affinity = (value: unknown) =>
      fromConcurrencyConfig({ resource_limits: { cpu_affinity: value } }).workers.cpuAffinity;
    expect(affinity('none')).toBeUndefined();
    expect(affinity([[0], [1]])).toEqual([[0], [1]]);
    expect(() => affinity('sometimes')).toThrow(/'auto'.*'none', got "sometimes"/);
  });

  it.each([
    [{ concurrency: { worker: 3 } }, /Unknown option `worker` of concurrency; did you mean `workers`/],
    [{ concurrency: {}, monitoring: {} }, /Unknown option `monitoring` of the configuration/],
    [{ rate_limiting: { requests_per_seconds: 3 } }, /did you mean `requests_per_second`/],
    [{ resource_limits: { gpu_affinity: 'auto' } }, /did you mean `cpu_affinity`/],
    [{ workers: 0 }, /`workers` of concurrency.*got 0/],
    [{ worker_timeout: '300' }, /`worker_timeout`.*got "300"/],
    [{ rate_limiting: { burst_size: 15 } }, /`burst_size`.*without a rate nothing limits a burst/],
    [{ resource_limits: { memory_per_worker_mb: 3.5 } }, /`memory_per_worker_mb`.*got 3.5/],
    ['{ not json', /not JSON/],
    [[], /an object or its JSON text, got an array/],
  ])('refuses %j with a reason', (config, message) => {
    expect(() => fromConcurrencyConfig(config)).toThrow(message);
  });
});
