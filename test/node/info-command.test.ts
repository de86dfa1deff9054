// `deep-marimba info`, run as a user runs it.
import { expect, it } from 'vitest';
import type { DeviceReport } from '../../src/cli/measure-models.js';
import { run } from '../support/command.js';

it('tells of every device whether it runs the models, how fast, and why not', () => {
  const { status, stdout, stderr } = run('info', '--json');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { cores, devices } = JSON.parse(stdout) as { cores: number; devices: DeviceReport[] };
  expect(cores).toBeGreaterThan(0);
  const own = devices.filter(({ model }) => model === 'bar-lstm');
  expect(own.map(({ device }) => device)).toEqual(['cuda', 'webgpu', 'cpu', 'wasm', 'tfjs']);
  for (const { device, version, speed, unavailable, modelBytes } of own) {
    expect(version).toMatch(/^\d+\.\d+/);
    expect(modelBytes).toBeGreaterThan(1e5);
    if (device !== 'cuda' && device !== 'webgpu') expect(unavailable).toBeUndefined();
    if (!speed) expect(unavailable).toMatch(/^[^\n]{10,}$/);
    else expect(speed.p95).toBeGreaterThanOrEqual(speed.p50);
  }
}, 120_000);
