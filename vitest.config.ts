// Two projects: Node, and a real Chromium with cross-origin isolation. test/kernels runs in both.
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { cpuReference } from './test/support/cpu-reference.js';

export default defineConfig({
  server: {
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
  test: {
    reporters: ['default', './test/support/tally.ts'],
    // For machines that are slow or busy; nothing is asserted about time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: ['test/{node,kernels}/**/*.test.ts'],
          globalSetup: ['test/support/build-command.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/{browser,kernels}/**/*.test.ts'],
          // After Node's, and one page at a time: live sound and two computing neighbours do not go together.
          sequence: { groupOrder: 1 },
          fileParallelism: false,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: { cpuReference },
            provider: playwright({
              launchOptions: {
                executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
                args: [
                  '--no-sandbox',
                  '--enable-unsafe-webgpu',
                  '--disable-background-networking',
                  '--disable-sync',
                  '--autoplay-policy=no-user-gesture-required',
                ],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
