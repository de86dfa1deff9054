// Puts a report's tables into the README: node bench/readme-table.mjs REPORT.json [README.md]
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { insertBetweenMarkers } from '../dist/bench-kernels.js';

const [from, to = 'README.md'] = process.argv.slice(2);
if (from === undefined)
  throw new Error('Expected the path of a report that `bench kernels --json` or `bench inference --json` wrote.');
const report = JSON.parse(readFileSync(from, 'utf8'));
const [, name] = /^deep-marimba\/bench-(kernels|inference)@1$/.exec(report.format) ?? [];
if (name === undefined) throw new Error(`${from} is no report of bench kernels or bench inference.`);
const { render } = await import(`../dist/bench-${name}.js`);
const text = insertBetweenMarkers(readFileSync(to, 'utf8'), `bench:${name}`, render(report));
writeFileSync(to, await format(text, { ...(await resolveConfig(to)), filepath: to }));
