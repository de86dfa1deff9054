// Banks of exemplars in a browser: fetched, or from a file that was dropped; unpacked by the browser's own gzip.
import { describe, expect, it } from 'vitest';
import { SoundError } from '../../src/errors.js';
import { encodeExemplars } from '../../src/sound/exemplar-bank.js';
import { readExemplars } from '../../src/sound/exemplar-fetch.js';

describe('readExemplars', () => {
  it('fetches the bank of the package', async () => {
    const { exemplars, sampleRate } = await readExemplars();
    expect([exemplars.length, sampleRate]).toEqual([72, 44_100]);
  });

  it('reads what it wrote, from a Blob and from an address', async () => {
    const { exemplars, ...facts } = await readExemplars();
    const blob = new Blob([await encodeExemplars({ ...facts, exemplars: exemplars.slice(0, 2) })]);
    const url = URL.createObjectURL(blob);
    for (const bank of [await readExemplars(blob), await readExemplars(url), await readExemplars(new URL(url))]) {
      expect(bank).toEqual({ ...facts, exemplars: exemplars.slice(0, 2) });
    }
    URL.revokeObjectURL(url);
  });

  it('says what is wrong', async () => {
    await expect(readExemplars(new Blob(['RIFF']))).rejects.toThrow(SoundError);
    await expect(readExemplars('blob:nothing')).rejects.toThrow(/cannot be fetched/);
  });
});
