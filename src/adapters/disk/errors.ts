/** A folder that the service cannot work with. The message continues "DATA_DIR …" and says what to do. */
export class DataDirError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DataDirError';
  }
}
