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
    only('mesh', ['gpu', 'field']),
    only('fit', ['gpu', 'field', 'render', 'mesh', 'optim']),
    only('diffusion', ['gpu', 'onnx']),
    only('guidance', ['gpu', 'diffusion']),
    only('train', ['gpu', 'field', 'render', 'mesh', 'optim', 'diffusion', 'guidance']),
    only('bench', ['gpu', 'field', 'render', 'optim', 'diffusion', 'guidance', 'train']),
    only('ui', ['train']),
    only('viewer', ['gpu', 'train']),
    {
      name: 'pages-know-the-engine-by-its-messages',
      severity: 'error',
      from: { path: '^src/(ui|viewer)/' },
      to: { path: '^src/train/', pathNot: '^src/train/messages\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Sees TypeScript's type imports too.
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.wgsl'] },
  },
};
