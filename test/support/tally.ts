// The last word of a test run: what was skipped, by name, then `N passed, N failed` alone on a line.
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** vitest reporter: prints every skipped test and, last of all, the tally that `.ci/run` ends with. */
export default class Tally implements Reporter {
  /** Counts after everything has run; modules that failed to load count as failures. */
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandled.length;
    const skipped: TestCase[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped.push(test);
      }
    }
    process.on('exit', () => {
      for (const test of skipped) console.log(`skipped: ${test.module.relativeModuleId} > ${test.fullName}`);
      console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
    });
  }
}
