import { describe, expect, it } from 'vitest';
import { playIncident } from '../support/incident.js';
import { playServerIncident } from '../support/server-incident.js';

/** More rounds against servers: `ASSAYKIT_INCIDENTS=100 npx vitest run test/monitor/alerts/alert-incident.test.ts`. */
const SERVER_ROUNDS = Number(process.env['ASSAYKIT_INCIDENTS'] ?? 2);

const EXPECTED = [
  'endpoint_ejected firing',
  'endpoint_ejected resolved',
  'rate_limited firing',
  'rate_limited resolved',
  'low_evaluation_rate pending',
  'low_evaluation_rate firing',
  'stalled_run firing',
  'stalled_run resolved',
  'low_evaluation_rate resolved', // only when the window's rate is high enough again
];
const TOLD = EXPECTED.filter((each) => !each.endsWith('pending'));
/** When the storm of 429s counts as over depends there on how many requests follow it before the stall. */
const inOrder = (told: readonly string[]): readonly string[] => [
  ...told.filter((each) => each !== 'rate_limited resolved'),
  ...told.filter((each) => each === 'rate_limited resolved'),
];

describe('an incident (endpoint dies, 429 storm, stall, recovery)', () => {
  it('gives exactly the expected sequence of alerts, 100 times out of 100', async () => {
    const wrong: unknown[] = [];
    for (let seed = 1; seed <= 100; seed++) {
      const { events, told } = await playIncident(seed);
      if (events.join() !== EXPECTED.join() || told.join() !== TOLD.join())
        wrong.push({ seed, events, told });
    }
    expect(wrong).toEqual([]);
  }, 300_000);

  it(
    'gives the same with a real processor and client against fake model servers, on fake time',
    async () => {
      for (let seed = 1; seed <= SERVER_ROUNDS; seed++) {
        const told = inOrder(await playServerIncident(seed));
        expect({ seed, told }).toEqual({ seed, told: inOrder(TOLD) });
      }
    },
    60_000 * Math.max(1, SERVER_ROUNDS),
  );
});
