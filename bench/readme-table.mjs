// Puts a report's tables into the README: node bench/readme-table.mjs REPORT.json [README.md]
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { insertBetweenMarkers, renderReport } from '../dist/bench.js';

const [from, to = 'README.md'] = process.argv.slice(2);
if (from === undefined) throw new Error('Expected the path of a report that `bench kernels --json` wrote.');
const report = JSON.parse(readFileSync(from, 'utf8'));
const text = insertBetweenMarkers(readFileSync(to, 'utf8'), 'bench:kernels', renderReport(report));
writeFileSync(to, await format(text, { ...(await resolveConfig(to)), filepath: to }));
