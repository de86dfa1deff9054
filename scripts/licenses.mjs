// The licences of what a bundle contains, as its makers ask: one text beside the bundle, made from what esbuild says went in.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Of packages that name a licence and leave out its words: who holds the copyright, as their repositories say.
const holders = {
  'onnxruntime-web': 'Copyright (c) Microsoft Corporation',
  seedrandom: 'Copyright 2019 David Bau',
};

const mit = (holder) => `MIT License

${holder}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software
is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES
OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE
LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR
IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Folders of the packages that went into bundles, by `metafile` of their builds. */
function packagesIn(metafiles) {
  const folders = new Set();
  for (const { outputs } of metafiles) {
    for (const { inputs } of Object.values(outputs)) {
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        // What `browser` fields leave out has no folder: `(disabled):...`.
        const [folder] = /^[^(]*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
        if (folder && bytesInOutput > 0) folders.add(folder);
      }
    }
  }
  return [...folders].sort();
}

/** A licence in the package's own words; of those that leave them out, in the licence's. @throws {Error} for any other. */
function words(folder, { name, license }) {
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  if (file) return readFileSync(join(folder, file), 'utf8').trim();
  if (license === 'MIT' && name in holders) return mit(holders[name]);
  if (license === 'Apache-2.0') return readFileSync('LICENSE', 'utf8').trim();
  throw new Error(`${name} (${license}) has no licence text; name its copyright holder in scripts/licenses.mjs.`);
}

/** All of it in one text: this package's own notices, then every package with its licence, each text once. */
export function licenseText(metafiles) {
  const own = readFileSync('LICENSE', 'utf8').trim();
  const texts = new Map([[own, ['deep-marimba']]]);
  const lines = packagesIn(metafiles).map((folder) => {
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const { name, version, license, repository, homepage } = manifest;
    const text = words(folder, manifest);
    texts.set(text, [...(texts.get(text) ?? []), name]);
    if (existsSync(join(folder, 'NOTICE'))) texts.set(readFileSync(join(folder, 'NOTICE'), 'utf8').trim(), [`${name}, notice`]);
    const source = (homepage ?? repository?.url ?? repository ?? '').replace(/^git\+|\.git$|#readme$/g, '');
    return `${name} ${version}, ${license}${source ? `, ${source}` : ''}`;
  });
  const rule = '='.repeat(80);
  return [
    readFileSync('NOTICE', 'utf8').trim(),
    'The files beside this one contain, unchanged but for bundling and minification:\n\n' +
      lines.map((line) => `  ${line}`).join('\n') +
      '\n\nTheir source is in those places, and as it went in at https://www.npmjs.com.',
    ...[...texts].map(([text, names]) => `${names.join(', ')}:\n\n${text}`),
    '',
  ].join(`\n\n${rule}\n\n`);
} // prettier-ignore
