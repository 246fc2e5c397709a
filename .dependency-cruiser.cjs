/**
 * The arrows of the architecture: an import that runs against them is an error. Every folder may know `schema`,
 * what settings are made of, the base of errors and the archive of files.
 */
const only = (folder, allowed) => ({
  name: `${folder}-knows-only-what-it-builds-on`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/${folder}/`,
      '^src/(schema/|random\\.ts$|errors\\.ts$|zip\\.ts$)',
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
    {
      name: 'no-circular-folders',
      severity: 'error',
      scope: 'folder',
      from: { path: '^src/([^/]+|mesh/[^/]+)$' },
      to: { circular: true },
    },
    {
      name: 'errors-build-on-nothing',
      severity: 'error',
      from: { path: '^src/errors\\.ts$' },
      to: { path: '^src/' },
    },
    only('schema', []),
    {
      name: 'settings-compose-what-the-rooms-define',
      severity: 'error',
      from: { path: '^src/settings/' },
      to: {
        path: '^src/',
        pathNot: '^src/(settings/|schema/|[^/]+/settings\\.ts$|guidance/methods\\.ts$)',
      },
    },
    only('gpu', []),
    ...alone('onnx'),
    only('field', ['gpu']),
    only('optim', ['gpu']),
    only('render', ['gpu', 'field']),
    only('image', []),
    only('object', ['image', 'render']),
    only('mesh', ['gpu', 'field', 'image']),
    only('mesh/solid', ['gpu', 'field']),
    only('mesh/surface', ['gpu', 'mesh/solid']),
    only('mesh/texture', ['gpu', 'image', 'mesh/solid', 'mesh/surface']),
    only('mesh/export', ['image', 'mesh/surface', 'mesh/texture']),
    only('generator', ['gpu', 'field', 'render', 'optim', 'mesh', 'image']),
    only('fit', ['settings', 'gpu', 'generator', 'render', 'mesh', 'object', 'image']),
    only('runtime', ['gpu']),
    only('prior', ['gpu', 'onnx', 'runtime', 'image', 'object', 'render']),
    only('guidance', ['gpu', 'prior', 'render', 'field', 'optim']),
    only('protocol', ['settings', 'image', 'render']),
    only('train', [
      'settings',
      'gpu',
      'generator',
      'fit',
      'object',
      'render',
      'image',
      'runtime',
      'prior',
      'guidance',
      'protocol',
    ]),
    only('bench', [
      'settings',
      'gpu',
      'field',
      'render',
      'generator',
      'runtime',
      'prior',
      'guidance',
      'train',
    ]),
    only('retrieval', ['onnx', 'runtime', 'prior']),
    only('eval', ['settings', 'generator', 'render', 'image', 'prior', 'retrieval', 'train']),
    only('ui', ['settings', 'protocol']),
    only('lab', ['onnx', 'ui']),
    only('viewer', ['gpu', 'protocol']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Sees TypeScript's type imports too.
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.wgsl'] },
  },
};
