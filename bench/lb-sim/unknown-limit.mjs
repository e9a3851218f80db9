// What learning an unknown rate limit costs, in simulated time: npm run build && node bench/lb-sim/unknown-limit.mjs
// The shipped RateLimit alone, with lanes that call in a closed loop; timers are up to 1.5 ms late, as Node's are.
import { RateLimit } from '../../dist/client/balancing/rate-limit.js';
import { Clock, rng } from './sim.mjs';

const bucket = (rate, burst) => {
  let level = burst;
  let at = 0;
  return (now) => {
    level = Math.min(burst, level + ((now - at) * rate) / 1000);
    at = now;
    if (level < 1) return ((1 - level) / rate) * 1000;
    level--;
    return 0;
  };
};
const fixedWindow = (calls, ms) => {
  let window = -1;
  let used = 0;
  return (now) => {
    if (Math.floor(now / ms) !== window) used = 0;
    window = Math.floor(now / ms);
    return used++ < calls ? 0 : (window + 1) * ms - now;
  };
};
const slidingWindow = (calls, ms) => {
  const admitted = [];
  return (now) => {
    while (admitted[0] <= now - ms) admitted.shift();
    if (admitted.length >= calls) return admitted[0] + ms - now;
    admitted.push(now);
    return 0;
  };
};

/** Runs one client against one server; `wait(now)` is 0 for a call that is let through, else until one would be. */
function run(wait, { lanes, latencyMs, refusalMs, retryAfter, seconds, seed = 1 }) {
  const random = rng(seed);
  const clock = new Clock();
  const limit = new RateLimit(
    { rateLimit: {}, random: rng(seed + 1000), maxPauseMs: 300_000, firstWave: 64 },
    0,
  );
  const counts = { through: 0, refused: 0 };
  let waiting = lanes;
  let armed = false;
  const send = () => {
    const sentAt = clock.now;
    waiting--;
    limit.admit(0, sentAt);
    clock.in(refusalMs / 2, () => {
      const closedMs = wait(clock.now);
      counts[closedMs === 0 ? 'through' : 'refused']++;
      const answerMs = closedMs === 0 ? latencyMs * (0.8 + 0.4 * random()) : refusalMs;
      clock.at(sentAt + Math.max(answerMs, refusalMs / 2), () => {
        if (closedMs === 0) limit.succeeded(sentAt, clock.now);
        else
          limit.rateLimited(
            { retryAfterMs: retryAfter(closedMs), sentAt, inFlight: lanes - waiting },
            clock.now,
          );
        waiting++;
        serve();
      });
    });
  };
  const serve = () => {
    while (waiting > 0 && limit.waitMs(0, clock.now) === 0) send();
    if (waiting === 0 || armed) return;
    armed = true;
    clock.in(Math.max(1, Math.ceil(limit.waitMs(0, clock.now))) + 1.5 * random() ** 2, () => {
      armed = false;
      serve();
    });
  };
  serve();
  while (clock.now < seconds * 1000 && clock.step());
  return counts;
}

const SERVERS = {
  'bucket of 1 call': (rate) => bucket(rate, 1),
  'bucket of 0.1 s': (rate) => bucket(rate, Math.max(1, rate / 10)),
  'bucket of 1 s': (rate) => bucket(rate, rate),
  'bucket of 5 s': (rate) => bucket(rate, rate * 5),
  'window of 1 s': (rate) => fixedWindow(rate, 1000),
  'sliding 1 s': (rate) => slidingWindow(rate, 1000),
  'sliding 10 s': (rate) => slidingWindow(rate * 10, 10_000),
};
const RETRY_AFTER = {
  seconds: (closedMs) => Math.max(1, Math.ceil(closedMs / 1000)) * 1000,
  none: () => undefined,
  exact: (closedMs) => closedMs,
};
const LATENCIES = [
  [5, 1],
  [300, 20],
  [500, 100],
];

const quantile = (values, share) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

console.log(
  'Limits of 10, 50 and 200 a second, 8, 64 and 256 lanes, answers in 5 to 500 ms; worst 10 %, median\n',
);
console.log(
  '| server | 20 s: used % | 429s per 100 | without the first wave | 120 s: used % | 429s per 100 |\n|---|---|---|---|---|---|',
);
for (const [name, server] of Object.entries(SERVERS)) {
  const cells = [20, 120].map((seconds) => {
    const seen = { used: [], refused: [], later: [] };
    for (const rate of [10, 50, 200])
      for (const lanes of [8, 64, 256])
        for (const [latencyMs, refusalMs] of LATENCIES)
          for (const retryAfter of Object.values(RETRY_AFTER)) {
            if ((1000 * lanes) / latencyMs < rate * 1.05) continue; // its lanes cannot reach the limit
            const load = { lanes, latencyMs, refusalMs, retryAfter };
            const { through, refused } = run(server(rate), { ...load, seconds });
            const opening = run(server(rate), { ...load, seconds: 0.5 });
            seen.used.push((100 * through) / (rate * seconds));
            seen.refused.push((100 * refused) / through);
            seen.later.push((100 * (refused - opening.refused)) / through);
          }
    return seen;
  });
  const both = (values, worst) =>
    `${quantile(values, worst).toFixed(1)}, ${quantile(values, 0.5).toFixed(1)}`;
  const [short, long] = cells;
  console.log(
    `| ${name} | ${both(short.used, 0.1)} | ${both(short.refused, 0.9)} | ${both(short.later, 0.9)} | ${both(long.used, 0.1)} | ${both(long.refused, 0.9)} |`,
  );
}
