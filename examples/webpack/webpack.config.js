// The page as it is; everything else webpack finds in main.js.
import { cpSync } from 'node:fs';
import { resolve } from 'node:path';

const here = import.meta.dirname;

export default {
  mode: 'production',
  context: here,
  entry: './main.js',
  target: ['web', 'es2022'],
  experiments: { outputModule: true },
  output: { path: resolve(here, 'dist'), filename: 'main.js', module: true, publicPath: '' },
  // TensorFlow.js, not installed here. webpack pardons a missing script, not a missing file.
  resolve: { alias: { '@tensorflow/tfjs-backend-wasm': false } },
  performance: false,
  plugins: [
    {
      apply(compiler) {
        compiler.hooks.afterEmit.tap('page', ({ outputOptions: { path } }) => {
          cpSync(resolve(here, 'index.html'), resolve(path, 'index.html'));
        });
      },
    },
  ],
};
