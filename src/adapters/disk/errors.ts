/** A folder that the service cannot work with. The message continues "DATA_DIR …" and says what to do. */
export class DataDirError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DataDirError';
  }
}

export const cannotBeWritten = (directory: string, error: unknown): DataDirError =>
  new DataDirError(
    `${directory} cannot be written (${(error as Error).message}): give the user of this process the right to, or set ` +
      'another folder',
    error,
  );

/** @param holder who has it */
export const heldBy = (directory: string, holder: string, cause: unknown): DataDirError =>
  new DataDirError(`${directory} is held by ${holder}: stop that process, or set another folder`, cause);

export const cannotBeRead = (file: string, cause: Error): DataDirError =>
  new DataDirError(
    `holds ${file}, which cannot be read (${cause.message}): give the user of this process the right to`,
    cause,
  );

export const notOurs = (file: string): DataDirError =>
  new DataDirError(`holds ${file}, which is not a file of Portside: set another folder`);

/** @param known the newest format that this program knows */
export const newer = (file: string, format: number, known: number): DataDirError =>
  new DataDirError(
    `holds ${file}, which a newer version of Portside wrote (format ${format}; this one knows up to ${known}): start that ` +
      'version, or set another folder',
  );

/** @param how in SQLite's words */
export const damaged = (file: string, how: string, cause?: unknown): DataDirError =>
  new DataDirError(
    `holds ${file}, which is damaged (${how.replace(/\s+/g, ' ')}). Nothing was changed. Move the folder away and restore a ` +
      'backup into a new one: npm run restore -- <file>',
    cause,
  );
