// `deep-marimba info` and `bench inference`, run as a user runs them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

it('times models and writes the report', () => {
  const home = mkdtempSync(join(tmpdir(), 'bench-inference-'));
  try {
    const file = join(home, 'reports/inference.json');
    const { status, stdout } = run(
      'bench',
      'inference',
      'bar-lstm',
      '--hosts',
      'node',
      '--steps',
      '12',
      '--json',
      file,
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/\| bar-lstm \| Node \S+ \| cpu \| onnxruntime-node \d/);
    const { steps, rows } = JSON.parse(readFileSync(file, 'utf8')) as { steps: number; rows: DeviceReport[] };
    expect(steps).toBe(12);
    expect(rows.find(({ device }) => device === 'cpu')!.speed!.stepsPerSecond).toBeGreaterThan(1);
  } finally {
    rmSync(home, { recursive: true });
  }
}, 120_000);
