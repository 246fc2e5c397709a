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

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    only('gpu', []),
    only('onnx', []),
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
