// A strict host in TypeScript, by each compiler and way to find modules, declarations checked and OpenTelemetry absent.
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePlace, projectFolder, run } from './place.mjs';

const COMPILERS = ['typescript5@npm:typescript@5.9', 'typescript7@npm:typescript@7'];
const RESOLUTIONS = {
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'preserve', moduleResolution: 'bundler' },
};

/** What each compiler says, by its version and by how modules are found: empty where all is well. */
export async function tryCompilers() {
  const place = await makePlace(['@types/node@20', ...COMPILERS], { features: false });
  try {
    cpSync(join(projectFolder, 'scripts/places/typed-host.ts'), join(place.folder, 'typed-host.ts'));
    const outcomes = {};
    for (const alias of COMPILERS.map((spec) => spec.split('@')[0])) {
      const tsc = join(place.folder, 'node_modules', alias, 'bin/tsc');
      const { stdout } = await run(process.execPath, [tsc, '--version'], { cwd: place.folder });
      outcomes[`TypeScript ${stdout.replace('Version', '').trim()}`] = await complaintsOf(tsc, place.folder);
    }
    return outcomes;
  } finally {
    place.remove();
  }
}

async function complaintsOf(tsc, folder) {
  const complaints = {};
  for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
    const compilerOptions = {
      ...resolution,
      target: 'es2023',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      verbatimModuleSyntax: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['typed-host.ts'] }),
    );
    const { status, stdout, stderr } = await run(
      process.execPath,
      [tsc, '-p', 'tsconfig.json', '--pretty', 'false'],
      {
        cwd: folder,
        timeoutMs: 300_000,
      },
    );
    complaints[name] = status === 0 ? '' : `${stdout}${stderr}` || `status ${status}`;
  }
  return complaints;
}
