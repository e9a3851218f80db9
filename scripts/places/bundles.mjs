// Every feature in the bundle of every bundler, those of Next.js included, which is started and asked by HTTP.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BUNDLERS, compile } from './bundlers.mjs';
import { PEERS, makePlace, mustRun, outcomesOf, projectFolder } from './place.mjs';
import { FEATURES } from './host.mjs';

/** Outcomes by bundler and feature; rspack is installed for it. */
export async function tryBundlers() {
  const place = await makePlace([...PEERS, '@rspack/core@2']);
  const outcomes = {};
  try {
    const { rspack } = await import(
      createRequire(join(place.folder, 'package.json')).resolve('@rspack/core')
    );
    const all = { ...BUNDLERS, rspack: (host, folder) => compile(rspack, { host, folder }) };
    for (const [name, bundle] of Object.entries(all)) {
      const into = join(place.folder, `out-${name.replaceAll(' ', '-')}`);
      mkdirSync(into);
      writeFileSync(join(into, 'package.json'), '{"type":"module"}');
      const file = await bundle(join(place.folder, 'main.mjs'), into);
      outcomes[name] = await outcomesOf(process.execPath, [file], { names: FEATURES, place });
    }
    return outcomes;
  } finally {
    place.remove();
  }
}

const NEXTS = ['15', '16'];
const EXTERNAL = "serverExternalPackages: ['assaykit', 'better-sqlite3']";
/** The guide "Bundle it" says the same: Next.js follows neither a thread's file nor a driver that is asked for by name. */
const INCLUDES = `outputFileTracingIncludes: {
  '/api/**': ['./node_modules/{assaykit,fflate,better-sqlite3,bindings,file-uri-to-path}/**/*'],
}`;
const CONFIGURATIONS = {
  bundled: '',
  external: EXTERNAL,
  standalone: `output: 'standalone', outputFileTracingRoot: import.meta.dirname, ${EXTERNAL}, ${INCLUDES}`,
};
const ROUTE = `import { tryFeatures } from './host.mjs';
export const dynamic = 'force-dynamic';
export async function GET() {
  return Response.json(await tryFeatures());
}
`;
const LAYOUT = `export default function Layout({ children }) {
  return (
    <html>
      <body>{children}</body>
    </html>
  );
}
`;

const ANSWER = { id: 'one', question: 'Capital?', answer: 'Paris', expected: 'Paris' };

/** Outcomes by version of Next.js and configuration. */
export async function tryNext() {
  const outcomes = {};
  for (const version of NEXTS) {
    const place = await makePlace([...PEERS, `next@${version}`, 'react@19', 'react-dom@19']);
    try {
      const route = join(place.folder, 'app/api/evaluate');
      mkdirSync(route, { recursive: true });
      cpSync(join(place.folder, 'host.mjs'), join(route, 'host.mjs'));
      writeFileSync(join(route, 'route.js'), ROUTE);
      writeFileSync(join(place.folder, 'app/layout.js'), LAYOUT);
      const score = join(place.folder, 'app/api/score');
      mkdirSync(score);
      writeFileSync(join(score, 'route.js'), routeOfTheGuide());
      for (const [how, configuration] of Object.entries(CONFIGURATIONS)) {
        writeFileSync(join(place.folder, 'next.config.mjs'), `export default { ${configuration} };\n`);
        outcomes[`Next.js ${version}, ${how}`] = await builtAndAsked(place, how === 'standalone');
      }
    } finally {
      place.remove();
    }
  }
  return outcomes;
}

async function builtAndAsked({ folder, env }, standalone) {
  const next = join(folder, 'node_modules/next/dist/bin/next');
  const quiet = { ...env, NEXT_TELEMETRY_DISABLED: '1' };
  await mustRun(process.execPath, [next, 'build'], { cwd: folder, env: quiet, timeoutMs: 600_000 });
  const port = await freePort();
  if (!standalone) return await asked(port, folder, [next, 'start', '--port', `${port}`], quiet);
  const moved = mkdtempSync(join(tmpdir(), 'assaykit-standalone-')); // where none of the project's packages are
  try {
    cpSync(join(folder, '.next/standalone'), moved, { recursive: true, dereference: true });
    cpSync(join(folder, 'evaluator.mjs'), join(moved, 'evaluator.mjs'));
    const own = { PORT: `${port}`, HOSTNAME: '127.0.0.1', EVALUATOR_FILE: join(moved, 'evaluator.mjs') };
    return await asked(port, moved, ['server.js'], { ...quiet, ...own });
  } finally {
    rmSync(moved, { recursive: true, force: true });
  }
}

/** The route that the guide "In a service" shows. */
function routeOfTheGuide() {
  const guide = readFileSync(join(projectFolder, 'docs/guides/in-a-service.md'), 'utf8');
  return /^```js app\/api\/score\/route\.js\n(.*?)^```$/ms.exec(guide)[1];
}

/** What the features route of a server answers that is started with `args`. */
async function asked(port, cwd, args, env) {
  const server = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: 'ignore' });
  try {
    const origin = `http://127.0.0.1:${port}`;
    const outcomes = await answerOf(`${origin}/api/evaluate`, server);
    const scored = await fetch(`${origin}/api/score`, { method: 'POST', body: JSON.stringify(ANSWER) });
    const { overallScore } = await scored.json();
    return overallScore === 1 ? outcomes : everything(`crashes: the route of the guide gave ${overallScore}`);
  } finally {
    server.kill();
  }
}

/** What the route answers once the server listens; a server that ends meanwhile has crashed. */
async function answerOf(url, server) {
  for (let tries = 0; tries < 150 && server.exitCode === null; tries++) {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(120_000) });
      if (answer.ok) return await answer.json();
      return everything(`crashes: ${answer.status} ${await answer.text()}`);
    } catch (error) {
      if (error.cause?.code !== 'ECONNREFUSED') return everything(`crashes: ${error.message}`);
      await wait(200);
    }
  }
  return everything('crashes: the server never listened');
}

const everything = (outcome) => Object.fromEntries(FEATURES.map((name) => [name, outcome]));

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
