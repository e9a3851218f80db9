import { addressText } from '../address-text.js';
import type { DashboardFailure } from '../dashboard-data.js';

/** What goes into the query of an address; what is `undefined` or `null` does not. */
export type Asked = Readonly<Record<string, string | number | null | undefined>>;

/** Asks the server that this page comes from. Rejects with what it says when it has no answer. */
export async function askServer<Answer>(
  path: string,
  {
    asked = {},
    signal,
  }: { readonly asked?: Asked | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<Answer> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(asked))
    if (value !== undefined && value !== null) query.set(name, addressText(String(value)));
  const response = await fetch(`${path}?${query}`, { signal: signal ?? null }).catch((error: Error) => {
    throw signal?.aborted === true
      ? error
      : new Error('The dashboard does not answer: has its process ended?');
  });
  const text = await response.text();
  if (response.headers.get('content-type')?.startsWith('application/json') !== true)
    throw new Error(text.trim());
  const answer = JSON.parse(text) as Answer | DashboardFailure;
  if (!response.ok) throw new Error((answer as DashboardFailure).error);
  return answer as Answer;
}
