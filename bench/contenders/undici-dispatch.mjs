// The practical limit on Node: the same loop through Pool.dispatch with a handler of its own.
import { Pool } from 'undici';
import { chatBody, generateCases } from '../cases.mjs';

const HEADERS = ['content-type', 'application/json', 'authorization', 'Bearer test'];

class Collector {
  constructor(resolve, reject) {
    this.resolve = resolve;
    this.reject = reject;
    this.first = null;
    this.rest = null;
  }

  onRequestStart() {}

  onResponseStart() {}

  onResponseData(_controller, chunk) {
    if (this.first === null) this.first = chunk;
    else (this.rest ??= [this.first]).push(chunk);
  }

  onResponseEnd() {
    const body = this.rest === null ? this.first : Buffer.concat(this.rest);
    this.resolve(body === null ? '' : body.toString('utf8'));
  }

  onResponseError(_controller, error) {
    this.reject(error);
  }
}

const send = (pool, body) =>
  new Promise((resolve, reject) => {
    pool.dispatch(
      { method: 'POST', path: '/v1/chat/completions', headers: HEADERS, body },
      new Collector(resolve, reject),
    );
  });

export async function run({ url, n, c, length, promptLength, done }) {
  const pool = new Pool(url, { connections: c, pipelining: 1 });
  const cases = generateCases(n, { length, promptLength });
  const lane = async () => {
    for (const each of cases) {
      const parsed = JSON.parse(await send(pool, JSON.stringify(chatBody(each))));
      done(parsed.choices[0].message.content === each.expected);
    }
  };
  await Promise.all(Array.from({ length: c }, lane));
  await pool.close();
}
