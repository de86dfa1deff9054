// The two builds of OpenCV for JavaScript, as far as we race against them.
import { loadPeer } from './peers.js';

/** A matrix on OpenCV's heap. */
export interface Mat {
  readonly data: Uint8Array;
  readonly data32F: Float32Array;
  readonly rows: number;
  readonly cols: number;
  delete(): void;
}

/** The functions we use. */
export interface OpenCv {
  readonly Mat: new (rows?: number, cols?: number, type?: number) => Mat;
  readonly Size: new (width: number, height: number) => unknown;
  readonly Point: new (x: number, y: number) => unknown;
  readonly CV_8UC1: number;
  readonly CV_8UC4: number;
  readonly CV_32FC1: number;
  readonly COLOR_RGBA2GRAY: number;
  readonly INTER_AREA: number;
  readonly INTER_LINEAR: number;
  readonly BORDER_REPLICATE: number;
  onRuntimeInitialized?: () => void;
  blur(from: Mat, to: Mat, size: unknown, anchor: unknown, border: number): void;
  cvtColor(from: Mat, to: Mat, code: number): void;
  resize(from: Mat, to: Mat, size: unknown, fx: number, fy: number, interpolation: number): void;
  remap(from: Mat, to: Mat, map1: Mat, map2: Mat, interpolation: number, border: number): void;
}

/** Names under which the builds are published. */
export type OpenCvPackage = 'opencv-wasm' | '@techstark/opencv-js';

/** Loads one of them. In a box, because OpenCV's module looks like a promise and must not be awaited. */
export async function loadOpenCv(name: OpenCvPackage): Promise<{ cv: OpenCv }> {
  const { default: module } = await loadPeer<{ default: OpenCv | { cv: OpenCv } }>(name);
  const cv = 'cv' in module ? module.cv : module;
  // Versions differ in whether they are ready at once.
  if (typeof cv.Mat !== 'function') await new Promise<void>((resolve) => (cv.onRuntimeInitialized = resolve));
  return { cv };
}
