// What can be seen to be missing before a runtime is asked, whose own complaints would go to standard error. Node only.
import { readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ModelError } from '../errors.js';
import type { Provider } from './devices.js';

async function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

/** The CUDA files of onnxruntime-node are no part of its package: its install script fetches them. */
async function checkCuda(entry: string): Promise<void> {
  const binaries = join(dirname(entry), '..', 'bin');
  for (const version of await list(binaries)) {
    const files = await list(join(binaries, version, process.platform, process.arch));
    if (files.some((file) => file.includes('onnxruntime_providers_cuda'))) return;
  }
  throw new ModelError(
    "onnxruntime-node has been installed without its CUDA libraries; install it again with ONNXRUNTIME_NODE_INSTALL=cuda12.",
  );
} // prettier-ignore

/** Vulkan needs a driver, and every driver lies in one of these places. */
async function checkVulkan(): Promise<void> {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES, HOME = '/', XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  if (VK_DRIVER_FILES ?? VK_ICD_FILENAMES ?? VK_ADD_DRIVER_FILES) return;
  const data = [XDG_DATA_HOME ?? join(HOME, '.local/share'), ...(XDG_DATA_DIRS ?? '/usr/local/share:/usr/share').split(delimiter)];
  const folders = [...data, '/etc', '/etc/xdg', '/usr/local/etc'].map((place) => join(place, 'vulkan', 'icd.d'));
  const found = await Promise.all(folders.map(list));
  if (found.every((files) => files.length === 0)) throw new ModelError('There is no Vulkan driver on this machine; install that of its GPU.');
} // prettier-ignore

/**
 * Looks for what a device needs.
 * @param entry path of the runtime's main file.
 * @throws {ModelError} with what is missing. Without an exception it may still not work.
 */
export async function checkDevice({ device }: Provider, entry: string): Promise<void> {
  if (device === 'cuda') await checkCuda(entry);
  if (device === 'webgpu' && process.platform === 'linux') await checkVulkan();
}
