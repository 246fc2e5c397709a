/** The arrows of the architecture: an import that runs against them is an error. */
const only = (folder, allowed) => ({
  name: `${folder}-knows-only-what-it-builds-on`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/${folder}/`,
      '^src/(settings/|random\\.ts$)',
      ...allowed.map((f) => `^src/${f}/`),
    ],
  },
});

/** A folder that could be published as it is: its sources and its tests know nothing else of the project. */
const alone = (folder) => [
  {
    name: `${folder}-knows-nothing-else`,
    severity: 'error',
    from: { path: `^(src|tests)/${folder}/` },
    to: { path: '^(src|tests|shaders|models)/', pathNot: `^(src|tests)/${folder}/` },
  },
  {
    name: `${folder}-by-its-name-alone`,
    severity: 'error',
    comment: `Everyone else imports '#${folder}' and nothing inside it.`,
    from: { path: '^(src|tests)/', pathNot: `^src/${folder}/` },
    to: { path: `^src/${folder}/`, dependencyTypesNot: ['aliased-subpath-import'] },
  },
  {
    name: `no-circular-folders-in-${folder}`,
    severity: 'error',
    scope: 'folder',
    from: { path: `^src/${folder}` },
    to: { circular: true },
  },
];

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only('gpu', []),
    ...alone('onnx'),
    only('field', ['gpu']),
    only('optim', ['gpu']),
    only('render', ['gpu', 'field']),
    only('image', []),
    only('object', ['image', 'render']),
    only('mesh', ['gpu', 'field', 'image']),
    only('fit', ['gpu', 'field', 'render', 'mesh', 'optim', 'object', 'image']),
    only('runtime', ['gpu']),
    only('prior', ['gpu', 'onnx', 'runtime']),
    only('guidance', ['gpu', 'prior']),
    only('protocol', ['image', 'render', 'train']),
    only('train', [
      'gpu',
      'field',
      'render',
      'mesh',
      'image',
      'optim',
      'runtime',
      'prior',
      'guidance',
      'protocol',
    ]),
    only('bench', ['gpu', 'field', 'render', 'optim', 'runtime', 'prior', 'guidance', 'train']),
    only('ui', ['protocol']),
    only('viewer', ['gpu', 'protocol']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Sees TypeScript's type imports too.
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.wgsl'] },
  },
};
