import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunQueue, runStatus, enqueueRun } from '../../../src/bullmq.js';
import { PostgresResultStore, type PostgresResultStoreOptions } from '../../../src/postgres.js';
import { scoredResult } from '../../../src/testing/sample-results.js';
import { cases, definition } from '../../distributed/definition.mjs';
import { postgresMissing, PostgresServer } from '../../support/postgres-server.mjs';

const NOBODY = 65534; // whom the server runs as where the tests run as root
const missing = postgresMissing ?? (hasOpenssl() ? undefined : 'openssl is not installed');

if (missing !== undefined) {
  console.warn(`Skipping the suite on TLS: ${missing}`);
  describe.skip('PostgreSQL by TLS', () => it('needs PostgreSQL and openssl', () => undefined));
} else
  describe('PostgreSQL by TLS', () => {
    let folder: string;
    let server: PostgresServer;
    let ca: string;
    let otherCa: string;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'assaykit-tls-'));
      chmodSync(folder, 0o755);
      ca = certificate(folder, 'server');
      otherCa = certificate(folder, 'other');
      const key = join(folder, 'server.key');
      chmodSync(key, 0o600);
      if (process.getuid?.() === 0) chownSync(key, NOBODY, NOBODY);
      server = await PostgresServer.start({
        ssl: 'on',
        ssl_cert_file: join(folder, 'server.crt'),
        ssl_key_file: key,
      });
    });
    afterAll(async () => {
      await server?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Whether the connection of a store is encrypted; rejects when there is none. */
    async function encrypted(
      mode: string | undefined,
      options: PostgresResultStoreOptions = {},
    ): Promise<boolean> {
      const applicationName = `tls-${crypto.randomUUID()}`;
      const address = server.connectionString + (mode === undefined ? '' : `?sslmode=${mode}`);
      const store = new PostgresResultStore(address, { applicationName, retryTimeoutMs: 0, ...options });
      try {
        await store.append([scoredResult()]);
        const { default: pg } = await import('pg');
        const client = new pg.Client({ connectionString: server.connectionString });
        await client.connect();
        const { rows } = await client.query<{ ssl: boolean }>(
          'SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = $1',
          [applicationName],
        );
        await client.end();
        return rows[0]!.ssl;
      } finally {
        await store.close();
      }
    }

    it('is encrypted when an option or the address says so, and only then', async () => {
      expect(await encrypted(undefined)).toBe(false);
      expect(await encrypted('disable')).toBe(false);
      expect(await encrypted(undefined, { tls: { ca } })).toBe(true);
      expect(await encrypted('verify-full', { tls: { ca } })).toBe(true);
      expect(await encrypted('disable', { tls: { ca } })).toBe(true); // the option is the last word
      expect(await encrypted('no-verify')).toBe(true);
      expect(await encrypted(undefined, { tls: { rejectUnauthorized: false } })).toBe(true);
    });

    it('refuses a server that nobody vouches for, or somebody else', async () => {
      for (const mode of ['require', 'verify-ca', 'verify-full'])
        await expect(encrypted(mode)).rejects.toMatchObject({
          code: 'ASSAY_STORE_FAILED',
          message: expect.stringMatching(/self-signed certificate/) as string,
        });
      await expect(encrypted(undefined, { tls: true })).rejects.toThrow(/self-signed certificate/);
      await expect(encrypted('verify-full', { tls: { ca: otherCa } })).rejects.toThrow(/certificate/);
      await expect(encrypted(undefined, { tls: { ca, servername: 'example.org' } })).rejects.toThrow(
        /does not match certificate's altnames/,
      );
    });

    it('carries a queue too', async () => {
      const ssl = { ca };
      const { host, port, user, password, database } = server;
      const connection = { postgres: { host, port, user, password, database, ssl }, schema: 'tls_queue' };
      await using store = new PostgresResultStore(server.connectionString, { schema: 'tls', tls: { ca } });
      const queue = await createRunQueue({ connection });
      await enqueueRun(queue, {
        runId: 'run',
        cases: cases(60),
        store,
        ...definition({ latencyMs: 0 }),
      } as never);
      expect(await runStatus(store, 'run')).toMatchObject({ state: 'waiting', batches: { open: 2 } });
      await queue.close();
      const wrong = { ...connection, postgres: { ...connection.postgres, ssl: { ca: otherCa } } };
      await expect(createRunQueue({ connection: wrong })).rejects.toThrow(/certificate/);
    });
  });

/** Makes a self-signed certificate for 127.0.0.1; returns its text, by which it vouches for itself. */
function certificate(folder: string, name: string): string {
  const [key, crt] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const about = [
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
  ];
  execFileSync('openssl', [...request, ...about, '-keyout', key, '-out', crt], { stdio: 'ignore' });
  return readFileSync(crt, 'utf8');
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
