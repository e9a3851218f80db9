import { postgresMissing } from './postgres-server.mjs';

/** Vitest calls it once before all suites: says in one visible line what this platform cannot run. */
export default function announce(): void {
  if (postgresMissing !== undefined) console.warn(`Skipping the suites on PostgreSQL: ${postgresMissing}`);
}
