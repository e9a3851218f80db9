// The base of all ratios: C lanes over undici.request with one Pool of C connections, and nothing else.
import { Pool, request } from 'undici';
import { chatBody, generateCases } from '../cases.mjs';

export async function run({ url, n, c, length, promptLength, done }) {
  const pool = new Pool(url, { connections: c, pipelining: 1 });
  const cases = generateCases(n, { length, promptLength });
  const target = `${url}/v1/chat/completions`;
  const headers = { 'content-type': 'application/json', authorization: 'Bearer test' };
  const lane = async () => {
    for (const each of cases) {
      const body = JSON.stringify(chatBody(each));
      const reply = await request(target, { method: 'POST', dispatcher: pool, headers, body });
      const parsed = JSON.parse(await reply.body.text());
      done(reply.statusCode === 200 && parsed.choices[0].message.content === each.expected);
    }
  };
  await Promise.all(Array.from({ length: c }, lane));
  await pool.close();
}
