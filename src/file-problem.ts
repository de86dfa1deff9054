// What an operating system's refusal means in plain words. Node only.

/** The plain sentence behind a file system's error, and its code ("ENOENT"; empty when it has none). */
export function describeFileProblem(
  path: string,
  error: unknown,
  doing: 'read' | 'write',
): { readonly sentence: string; readonly code: string } {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const verb = doing === 'read' ? 'read' : 'written';
  const sentences: Readonly<Record<string, string>> = {
    ENOENT: doing === 'read' ? `There is no file ${path}.` : `The folder of ${path} does not exist; make it first.`,
    ENOTDIR: `${path} lies beneath something that is not a folder.`,
    EEXIST: `${path} is there already, and is no folder.`,
    EISDIR: `${path} is a folder, not a file.`,
    EACCES: `${path} may not be ${verb}: permission denied.`,
    EPERM: `${path} may not be ${verb}: not permitted.`,
    EROFS: `${path} cannot be written: the disk is read-only.`,
    ENOSPC: `${path} cannot be written: the disk is full.`,
  };
  const otherwise = `${path} cannot be ${verb}: ${error instanceof Error ? error.message : String(error)}.`;
  return { sentence: sentences[code] ?? otherwise, code };
}
