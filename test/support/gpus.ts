// The GPU devices of this realm, so that a test can take them away. To be imported before any is made.
interface Device {
  destroy(): void;
}
interface Adapter {
  requestDevice: (this: Adapter, ...wanted: unknown[]) => Promise<Device>;
}

const devices: Device[] = [];
const { prototype } = (globalThis as unknown as { GPUAdapter: { prototype: Adapter } }).GPUAdapter;
const { requestDevice } = prototype;
prototype.requestDevice = async function (...wanted) {
  const device = await requestDevice.apply(this, wanted);
  devices.push(device);
  return device;
};

/** Takes away all that were made so far. */
export function destroyGpus(): void {
  for (const device of devices.splice(0)) device.destroy();
}
