// Minified and bundled for Node. The first is what this package adds; the second is with its seven dependencies.
const packages = [
  'eventemitter3',
  'fastest-levenshtein',
  'fflate',
  'lru-cache',
  'p-queue',
  'tinypool',
  'undici',
];
const root = {
  path: 'dist/doors/index.js',
  modifyEsbuildConfig: (config) => ({ ...config, platform: 'node', format: 'esm' }),
};

export default [
  { ...root, name: 'the root import without dependencies', ignore: packages, limit: '187 kB' },
  { ...root, name: 'the root import with dependencies', limit: '330 kB' },
];
