import { afterAll, beforeAll, describe, it } from 'vitest';
import { postgresMissing, PostgresServer } from './postgres-server.mjs';

/**
 * A suite on a real PostgreSQL server of its own, started before its first test and ended after its last. Where the
 * platform has none it is skipped without being collected. `settings` are those of `postgresql.conf`.
 */
export function describeWithPostgres(
  title: string,
  suite: (server: () => PostgresServer) => void,
  settings: Readonly<Record<string, string | number>> = {},
): void {
  if (postgresMissing !== undefined) {
    describe.skip(title, () => it('needs PostgreSQL', () => undefined));
    return;
  }
  describe(title, () => {
    let server: PostgresServer | undefined;
    beforeAll(async () => {
      server = await PostgresServer.start(settings);
    });
    afterAll(() => server?.close());
    suite(() => server as PostgresServer);
  });
}
