import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PACKAGE_VERSION } from '../../src/foundation/package-version.js';

it('states the version of package.json in run manifests', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(PACKAGE_VERSION).toBe(version);
});
