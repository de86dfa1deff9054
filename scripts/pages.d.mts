/** Folders of src/ that only the pages are made of. */
export const pageSources: readonly string[];
/** Writes the pages into a folder. */
export function bundlePages(outdir: string): Promise<void>;
