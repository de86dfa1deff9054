// Weights in half the bytes: rounded to half precision once, stored so, and expanded by whatever opens the model.
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx.js';
import type { Weights } from './network.js';

/**
 * Numbers as IEEE 754 binary16, rounded to nearest, ties to even; what is too large becomes infinite.
 *
 * **Source:** IEEE 754-2019, 3.6 and 4.3.1.
 */
export function toHalf(data: Float32Array): Uint16Array {
  const bits = new Uint32Array(Float32Array.from(data).buffer);
  return Uint16Array.from(bits, (x) => {
    const sign = (x >>> 16) & 0x8000;
    const magnitude = x & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;
    // 65520 and above round to infinity.
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    if (magnitude < 0x38800000) {
      // Below 2^-14 the steps are 2^-24 wide; adding 0.5 lines them up with the last bits of a single.
      const single = new Float32Array(Uint32Array.of(magnitude).buffer)[0];
      return sign | (new Uint32Array(Float32Array.of(single + 0.5).buffer)[0] - 0x3f000000);
    }
    const odd = (magnitude >>> 13) & 1;
    return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
  });
}

/** The numbers that `toHalf` stores. */
export function fromHalf(data: Uint16Array): Float32Array {
  return Float32Array.from(data, (x) => {
    const exponent = (x >>> 10) & 31;
    const fraction = x & 1023;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction === 0
            ? Infinity
            : NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return x & 0x8000 ? -magnitude : magnitude;
  });
}

// Smaller arrays are not worth a node, and biases not their rounding.
const enough = 256;

/** Kernels and matrices rounded to half precision; what is short stays as it is. */
export function roundToHalf(weights: Weights): Weights {
  return new Map(
    [...weights].map(([name, data]) => [name, data.length < enough ? data : fromHalf(toHalf(data))] as const),
  );
}

/** The array in half precision, where it is long and loses nothing by it. */
export function asHalf(data: OnnxTensor['data']): Uint16Array | undefined {
  if (!(data instanceof Float32Array) || data.length < enough) return undefined;
  const half = toHalf(data);
  return fromHalf(half).every((x, k) => Object.is(x, data[k])) ? half : undefined;
}

/**
 * The model with every long constant that loses nothing by it stored in half precision. Runtimes fold the conversions when
 * they open it, so that a step costs the same, and runs on devices that know no half precision.
 */
export function storeHalf(model: OnnxModel): OnnxModel {
  const conversions: OnnxNode[] = [];
  const constants = model.constants.map((constant): OnnxTensor => {
    const { name, data } = constant;
    const half = asHalf(data);
    if (!half) return constant;
    conversions.push({ type: 'Cast', inputs: [`${name}/half`], outputs: [name], attributes: { to: 1 } });
    return { ...constant, name: `${name}/half`, type: 'float16', data: half };
  });
  return { ...model, constants, nodes: [...conversions, ...model.nodes] };
}
