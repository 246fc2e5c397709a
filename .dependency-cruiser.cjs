/**
 * The arrows of the architecture: an import that runs against them is an error. Every folder may know `schema`,
 * what settings are made of.
 */
const only = (folder, allowed) => ({
  name: `${folder}-knows-only-what-it-builds-on`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [
      `^src/${folder}/`,
      '^src/(schema/|random\\.ts$)',
      ...allowed.map((f) => `^src/${f}/`),
    ],
  },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
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
    only('onnx', []),
    only('field', ['gpu']),
    only('optim', ['gpu']),
    only('render', ['gpu', 'field']),
    only('image', []),
    only('object', ['image', 'render']),
    only('mesh', ['gpu', 'field', 'image']),
    only('fit', ['settings', 'gpu', 'field', 'render', 'mesh', 'optim', 'object', 'image']),
    only('runtime', ['gpu']),
    only('prior', ['gpu', 'onnx', 'runtime']),
    only('guidance', ['gpu', 'prior']),
    only('protocol', ['settings', 'image', 'render', 'train']),
    only('train', [
      'settings',
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
    only('bench', [
      'settings',
      'gpu',
      'field',
      'render',
      'optim',
      'runtime',
      'prior',
      'guidance',
      'train',
    ]),
    only('ui', ['settings', 'protocol']),
    only('viewer', ['gpu', 'protocol']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Sees TypeScript's type imports too.
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.wgsl'] },
  },
};
