// The same loop with Node's global fetch: what a quick script uses.
import { chatBody, generateCases } from '../cases.mjs';

export async function run({ url, n, c, length, done }) {
  const cases = generateCases(n, { length });
  const target = `${url}/v1/chat/completions`;
  const headers = { 'content-type': 'application/json', authorization: 'Bearer test' };
  const lane = async () => {
    for (const each of cases) {
      const reply = await fetch(target, { method: 'POST', headers, body: JSON.stringify(chatBody(each)) });
      const parsed = await reply.json();
      done(reply.ok && parsed.choices[0].message.content === each.expected);
    }
  };
  await Promise.all(Array.from({ length: c }, lane));
}
