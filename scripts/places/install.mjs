// What an install of the package alone puts on a disk.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makePlace } from './place.mjs';

/** Packages beside and including the package itself, and all their bytes. */
export function installSize(modules) {
  const files = readdirSync(modules, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  const packages = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)) : name.startsWith('.') ? [] : [name],
  );
  return { packages: packages.length, bytes };
}

/** {@link installSize} of a fresh install. */
export async function tryInstall() {
  const place = await makePlace([], { features: false });
  try {
    return installSize(join(place.folder, 'node_modules'));
  } finally {
    place.remove();
  }
}
