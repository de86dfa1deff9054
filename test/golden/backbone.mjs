// Writes backbone.json: what the first blocks of MoveNet Lightning say of a picture of noise, as TensorFlow.js computes it from the
// files of the npm package @vladmandic/human (3.3.6). From the repository's root:
//
//     npm pack @vladmandic/human@3.3.6 && tar -xf vladmandic-human-3.3.6.tgz
//     node test/golden/backbone.mjs package/models/movenet-lightning.json
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';

const source = process.argv[2];
const here = dirname(fileURLToPath(import.meta.url));
setWasmPaths(`${resolve(here, '../../node_modules/@tensorflow/tfjs-backend-wasm/dist')}/`);
await tf.setBackend('wasm');
const { modelTopology, weightsManifest } = JSON.parse(readFileSync(source, 'utf8'));
const [{ paths, weights: weightSpecs }] = weightsManifest;
const weightData = new Uint8Array(readFileSync(join(dirname(source), paths[0]))).buffer;
const model = await loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));

const [height, width] = [48, 84];
let state = 1;
const pixels = Float32Array.from({ length: height * width * 3 }, () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state >>> 24;
});
const node = modelTopology.node.find(({ name }) => name.endsWith('/block_5_add/add')).name;
const image = tf.tensor(
  pixels.map((value) => value / 127.5 - 1),
  [1, height, width, 3],
);
const maps = model.execute({ 'StatefulPartitionedCall/sub_1': image }, node);
const read = async (tensor) => [...(await tensor.data())].map((value) => Number(value.toPrecision(8)));
// [rows, columns, channels] to [channels, columns], as the backbone lists them.
const byColumn = (pool) => tf.transpose(tf.squeeze(pool(maps, 1), [0]), [1, 0]);
const features = [...(await read(byColumn(tf.mean))), ...(await read(byColumn(tf.max)))];
writeFileSync(join(here, 'backbone.json'), `${JSON.stringify({ height, width, features })}\n`);
