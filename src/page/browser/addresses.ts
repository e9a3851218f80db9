import { addressText, textOfAddress } from '../address-text.js';

/** What a page of the dashboard shows: the part of its address after `#`. */
export type Place =
  | { readonly name: 'live' | 'runs' }
  | { readonly name: 'run'; readonly runId: string; readonly baseline: string | undefined };

/** The address of a run, alone or against a baseline. */
export const runAddress = (runId: string, baseline?: string): string =>
  `#run/${wordOf(runId)}${baseline === undefined ? '' : `/${wordOf(baseline)}`}`;

const wordOf = (text: string): string => encodeURIComponent(addressText(text));

/** What an address means; `undefined`: nothing. */
export function placeOf(hash: string): Place | undefined {
  const [name, ...words] = hash.replace(/^#/, '').split('/');
  if (name === 'live' || name === 'runs') return { name };
  if (name !== 'run') return undefined;
  try {
    const [runId, baseline] = words.map((word) => textOfAddress(decodeURIComponent(word)));
    return runId === undefined ? undefined : { name, runId, baseline };
  } catch {
    return undefined;
  }
}
