import { stableHash } from '../foundation/stable-hash.js';
import type { ClientSettings } from './client-settings.js';

/** Headers that say who asks, not what is asked. A key that is renewed does not make it another client. */
const OF_THE_CALLER = /auth|key|token|secret|cookie|credential|signature|user-agent|request-id|trace/i;

/** What decides a client's answers: models, protocols, parameters and servers, as a hash. No key is part of it. */
export function identityOf({ model, parameters, endpoints }: ClientSettings): string {
  const servers = endpoints.map(({ connection: { address, protocol, model: own, headers } }) => ({
    server: address.origin + withoutKeys(address.path),
    protocol: protocol.name,
    model: own ?? model ?? '',
    headers: Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !OF_THE_CALLER.test(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  }));
  return stableHash([parameters ?? {}, [...new Set(servers.map((each) => stableHash(each)))].sort()]);
}

/** A path whose query has no members that may be keys, as Azure's `?subscription-key=…`. */
function withoutKeys(path: string): string {
  const [plain, query] = path.split('?', 2);
  const kept = [...new URLSearchParams(query)].filter(([name]) => !OF_THE_CALLER.test(name));
  return `${plain}?${new URLSearchParams(kept).toString()}`;
}
