import type { ModelParameters } from './model-client.js';

/** Says which of a call's parameters `who` has no word for, by name; `own` wins over `shared`. */
export function notSent(
  who: string,
  {
    unsupported,
    shared,
    own,
  }: {
    readonly unsupported: readonly (keyof ModelParameters)[];
    readonly shared?: ModelParameters | undefined;
    readonly own?: ModelParameters | undefined;
  },
): readonly string[] {
  return unsupported
    .filter((name) => {
      const value = own?.[name] ?? shared?.[name];
      return value !== undefined && value !== null && value !== false;
    })
    .map((name) => `\`${name}\` was not sent: ${who} has no such parameter`);
}
