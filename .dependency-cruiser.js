/**
 * The layers of ARCHITECTURE.md as rules. A layer may import itself and the layers before it.
 */
const LAYERS = [
  'net',
  'model',
  'manifest',
  'engine',
  'analysis',
  'nft',
  'report',
  'kube',
  'agent',
  'lab',
  'server',
  'cli',
];
const PURE = LAYERS.slice(0, LAYERS.indexOf('kube'));
/** These three see `engine`; of each other only the public types. */
const SIBLINGS = ['analysis', 'nft', 'report'];

const TEST_FILE = '[.]test[.]ts$';
const anyOf = (layers) => `^src/(${layers.join('|')})/`;

const upward = LAYERS.slice(0, -1).map((layer, index) => ({
  name: `${layer}-imports-downward`,
  comment: `${layer} may only import the layers below it`,
  severity: 'error',
  from: { path: anyOf([layer]) },
  to: { path: anyOf(LAYERS.slice(index + 1)) },
}));

const siblings = SIBLINGS.flatMap((layer) => {
  const others = SIBLINGS.filter((other) => other !== layer);
  return [
    {
      name: `${layer}-not-into-siblings`,
      comment: `${layer} sees of ${others.join(' and ')} only what their index exports`,
      severity: 'error',
      from: { path: anyOf([layer]) },
      to: { path: anyOf(others), pathNot: `^src/(${others.join('|')})/index[.]ts$` },
    },
    {
      name: `${layer}-types-of-siblings`,
      comment: `${layer} may import types of ${others.join(' and ')}, no code`,
      severity: 'error',
      from: { path: anyOf([layer]) },
      to: { path: anyOf(others), dependencyTypesNot: ['type-only'] },
    },
  ];
});

export default {
  forbidden: [
    ...upward,
    ...siblings,
    {
      name: 'pure-layers-without-node',
      comment: 'pure layers also run in the browser: no Node built-ins',
      severity: 'error',
      from: { path: `${anyOf(PURE)}|^src/index[.]ts$`, pathNot: TEST_FILE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'entry-is-pure',
      comment: 'src/index.ts is the library for Node and the browser: it exports pure layers only',
      severity: 'error',
      from: { path: '^src/index[.]ts$' },
      to: { path: anyOf(LAYERS.filter((layer) => !PURE.includes(layer))) },
    },
    {
      name: 'nothing-imports-cli',
      comment: 'cli is the top; bin/ loads the built file',
      severity: 'error',
      from: { pathNot: '^src/cli/|^test/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'agent-and-server-apart',
      comment: 'the two services never import each other',
      severity: 'error',
      from: { path: '^src/(agent|server)/' },
      to: { path: '^src/(agent|server)/', pathNot: '^src/$1/' },
    },
    {
      name: 'nothing-imports-the-entry',
      comment: 'src/index.ts is for users of the package; inside, import the layer',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index[.]ts$' },
    },
    {
      name: 'source-stands-alone',
      comment: 'shipped code imports no tests, benchmarks, examples or development packages',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST_FILE },
      to: { path: `${TEST_FILE}|^(test|bench|examples|web|scripts)/` },
    },
    {
      name: 'no-dev-dependencies-in-source',
      comment: 'what is shipped needs its packages in `dependencies`',
      severity: 'error',
      from: { path: '^src/', pathNot: TEST_FILE },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'folders-are-layers',
      comment: 'a new folder in src/ needs a place in the order of layers first',
      severity: 'error',
      from: {},
      to: { path: '^src/[^/]+/', pathNot: anyOf(LAYERS) },
    },
    {
      name: 'no-cycles',
      comment: 'modules form no cycles',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      comment: 'every import leads somewhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    // Type-only imports count: a layer that is not allowed to see another may not lean on its types either.
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
