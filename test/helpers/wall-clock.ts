/** Source of a module that puts the wall clock of the process ahead that loads it first, or behind. */
export const wallClockAhead = (ms: number): string => `
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...parts) { if (parts.length > 0) super(...parts); else super(Right.now() + ${ms}); }
    static now() { return Right.now() + ${ms}; }
  };`;
