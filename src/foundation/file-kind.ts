import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Whether a file stands at a path, or a link leads to one from there. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

/** What stands where a file should, in words; `undefined` where it is one, or where there is nothing. */
export function otherKind(found: Stats | undefined): string | undefined {
  if (found === undefined || found.isFile()) return undefined;
  return found.isDirectory() ? 'folder' : 'pipe, socket or device';
}
