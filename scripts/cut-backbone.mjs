// Writes models/backbones/movenet-lightning.onnx, which fc-lstm learns on: the first blocks of MoveNet Lightning, a MobileNetV2 that learnt on photographs of
// people (Google, Apache-2.0), as the npm package @vladmandic/human (MIT) ships it for TensorFlow.js. Needs `npm run build`, and
//
//     npm pack @vladmandic/human@3.3.6 && tar -xf vladmandic-human-3.3.6.tgz
//     node scripts/cut-backbone.mjs package/models/movenet-lightning.json
//
// It takes a piece of the bar strip, its three last gray pictures as the three colours, 0..1, and answers the maps of block 5 (every
// eighth pixel, 32 channels), each column's mean and maximum. Batch normalisation is part of the weights already.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { fromHalf, storeHalf } from '../dist/training/half.js';
import { Graph } from '../dist/training/graph.js';
import { samePadding } from '../dist/training/convolution.js';
import { encodeOnnx } from '../dist/training/onnx.js';

const { values, positionals } = parseArgs({
  options: {
    output: { type: 'string', short: 'o', default: 'models/backbones/movenet-lightning.onnx' },
    last: { type: 'string', default: 'block_5_add/add' },
    height: { type: 'string', default: '48' },
    width: { type: 'string', default: '84' },
  },
  allowPositionals: true,
});
const [source] = positionals;
if (source === undefined) throw new Error('Expected the path of movenet-lightning.json.');
const model = JSON.parse(readFileSync(source, 'utf8'));
const nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
const [{ paths, weights }] = model.weightsManifest;
const bytes = readFileSync(join(dirname(source), paths[0]));

/** Arrays by name; half precision is expanded. */
const arrays = new Map();
let at = 0;
for (const { name, shape, dtype, quantization } of weights) {
  const size = shape.reduce((product, n) => product * n, 1);
  const width = quantization?.dtype === 'float16' ? 2 : 4;
  const raw = new Uint8Array(bytes.subarray(at, at + size * width)).buffer;
  if (dtype === 'float32') {
    arrays.set(name, { shape, data: width === 2 ? fromHalf(new Uint16Array(raw)) : new Float32Array(raw) });
  }
  at += size * width;
}

const graph = new Graph();
const [height, width] = [Number(values.height), Number(values.width)];
const image = graph.input('image', [1, 3, height, width]);
const made = new Map();
const listOf = (attribute) => attribute.list.i.map(Number);

/** [rows, columns, in, out] to [out, in, rows, columns]; depthwise, [rows, columns, channels, 1] to [channels, 1, rows, columns]. */
function kernelOf({ shape: [rows, columns, inputs, outputs], data }, depthwise) {
  const [filters, perGroup] = depthwise ? [inputs, 1] : [outputs, inputs];
  const moved = new Float32Array(data.length);
  for (let f = 0; f < filters; f++) {
    for (let c = 0; c < perGroup; c++) {
      for (let k = 0; k < rows * columns; k++) {
        const [i, o] = depthwise ? [f, 0] : [c, f];
        moved[(f * perGroup + c) * rows * columns + k] = data[(k * inputs + i) * outputs + o];
      }
    }
  }
  return { shape: [filters, perGroup, rows, columns], data: moved };
}

const relu6 = (x) => graph.emit('Clip', [x, graph.scalar(0), graph.scalar(6)], x.shape);

function convolution({ name, input, attr }, depthwise) {
  const x = valueOf(input[0]);
  const kernel = kernelOf(arrays.get(input[1]), depthwise);
  const { shape: size, data } = arrays.get(input[2]);
  const [, strideY, strideX] = listOf(attr.strides);
  const geometry = [[x.shape[2], x.shape[3]], kernel.shape.slice(2), [strideY, strideX], [1, 1]];
  const { before, after } = samePadding(...geometry);
  const y = graph.emit(
    'Conv',
    [x, graph.constant(`${name}/kernel`, kernel.shape, kernel.data), graph.constant(`${name}/bias`, size, data)],
    [1, kernel.shape[0], Math.ceil(x.shape[2] / strideY), Math.ceil(x.shape[3] / strideX)],
    { strides: [strideY, strideX], group: depthwise ? x.shape[1] : 1, pads: [...before, ...after] },
  );
  const fused = attr.fused_ops.list.s.map((word) => Buffer.from(word, 'base64').toString());
  if (fused[0] !== 'BiasAdd' || !['Relu6', undefined].includes(fused[1])) throw new Error(`${name}: ${fused.join()}`);
  return fused[1] ? relu6(y) : y;
}

function valueOf(name) {
  const known = made.get(name);
  if (known) return known;
  const node = nodes.get(name);
  let value;
  if (node.op === '_FusedConv2D') value = convolution(node, false);
  else if (node.op === 'FusedDepthwiseConv2dNative') value = convolution(node, true);
  else if (node.op === 'AddV2') {
    const [a, b] = node.input.map(valueOf);
    value = graph.emit('Add', [a, b], a.shape);
  } else if (node.op === 'Sub') {
    // What is before the first convolution brings 0..255 to -1..1.
    value = graph.emit('Sub', [graph.emit('Mul', [image, graph.scalar(2)], image.shape), graph.scalar(1)], image.shape);
  } else throw new Error(`${name}: no rule for ${node.op}`);
  made.set(name, value);
  return value;
}

const last = [...nodes.keys()].find((name) => name.endsWith(`/${values.last}`));
const maps = valueOf(last);
const [, channels, , columns] = maps.shape;
const pooled = ['ReduceMean', 'ReduceMax'].map((type) =>
  graph.emit(type, [maps], [1, channels, columns], { axes: [2], keepdims: 0 }),
);
const both = graph.emit('Concat', pooled, [1, 2 * channels, columns], { axis: 1 });
const features = 2 * channels * columns;
graph.output('features', graph.emit('Reshape', [both, graph.integers([1, features])], [1, features]));
const about = {
  name: `MoveNet Lightning (MobileNetV2), up to ${values.last}`,
  credit:
    'Google, https://tfhub.dev/google/movenet/singlepose/lightning/4; shipped by npm @vladmandic/human 3.3.6 (MIT)',
  license: 'Apache-2.0',
};
writeFileSync(values.output, encodeOnnx(storeHalf(graph.model('movenet-lightning', about))));
console.log(`${values.output}: image 1 x 3 x ${height} x ${width} to ${features} features`);
