// A GPU through WebGPU: whether there is one, a session's own device on it, and what becomes of the session when that is lost.
import { DeviceLostError, UnsupportedError } from '../errors.js';
import type { Session } from './onnx-runtime.js';

interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
  readonly isFallbackAdapter?: boolean;
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(wanted: object): Promise<GpuDevice>;
}

/** What browsers call a `GPUDevice`, as far as it matters here. */
export interface GpuDevice {
  readonly lost: Promise<{ readonly message: string }>;
  destroy(): void;
}

async function findAdapter(): Promise<Adapter> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  if (!gpu) {
    throw new UnsupportedError(
      'This browser has no WebGPU here; it takes a recent one, and a page served over https or from localhost.',
    );
  }
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new UnsupportedError('This browser finds no GPU for WebGPU; look at its page about the GPU.');
  return adapter;
}

/**
 * Adapters that only emulate a GPU are a hundred times slower than WebAssembly.
 * @param emulated whether one would do nevertheless.
 * @throws {UnsupportedError} when there is none that would do.
 */
export async function checkWebGpu(emulated: boolean): Promise<void> {
  const adapter = await findAdapter();
  if (!emulated && (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter)) {
    throw new UnsupportedError('WebGPU is emulated by the processor here; ask for the device webgpu to use it nevertheless.');
  }
} // prettier-ignore

// What onnxruntime asks for where it makes the device itself, less what measures time.
const features = ['shader-f16', 'subgroups', 'subgroup-size-control'];
const limits = [
  'maxBindGroups',
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
];

/**
 * A device for one session, which others do not share: when it is lost, the next one is a new one.
 * @throws {UnsupportedError} when there is no GPU.
 */
export async function openGpu(): Promise<GpuDevice> {
  const adapter = await findAdapter();
  return adapter.requestDevice({
    requiredFeatures: features.filter((name) => adapter.features.has(name)),
    requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
  });
}

// As long as a loss may take to be told after the step that it broke, ms.
const longestTelling = 1000;

/**
 * A session that notices that its device is gone; `release` takes the device along. The runtime does not notice: a step after
 * the loss blocks its thread for good, so it is asked for nothing any more.
 */
export function untilLost(session: Session, gpu: GpuDevice): Session {
  let released = false;
  let gone: DeviceLostError | undefined;
  const lost = gpu.lost.then(({ message }): Promise<string> | string => {
    // Of what is over, nobody needs to hear.
    if (released) return new Promise(() => undefined);
    const words = message === '' ? 'The GPU was lost' : `The GPU was lost (${message.replace(/\.$/, '')})`;
    gone = new DeviceLostError(`${words}; load the model again.`);
    return words;
  });
  const failure = lost.then(() => Promise.reject(gone!));
  failure.catch(() => undefined);
  return {
    lost,
    async run(feeds, fetch) {
      if (gone) throw gone;
      const answer = session.run(feeds, fetch).catch(async (error: unknown) => {
        // The step breaks first, then the loss is told.
        await new Promise((told) => setTimeout(told, longestTelling));
        throw error;
      });
      return Promise.race([answer, failure]);
    },
    async release() {
      released = true;
      if (!gone) await session.release();
      gpu.destroy();
    },
  };
}
