/** Source of a module that puts the wall clock of the process ahead that loads it first, or behind. */
export const wallClockAhead = (ms: number): string => `
  const Right = Date;
  globalThis.Date = class extends Right {
    constructor(...parts) { if (parts.length > 0) super(...parts); else super(Right.now() + ${ms}); }
    static now() { return Right.now() + ${ms}; }
  };`;

/** Source of a module by which SIGCONT sets the wall clock of the process by that much; it then logs `set`. */
export const setAtSignal = (ms: number): string => `
  const Right = Date;
  let aheadMs = 0;
  globalThis.Date = class extends Right {
    constructor(...parts) { if (parts.length > 0) super(...parts); else super(Right.now() + aheadMs); }
    static now() { return Right.now() + aheadMs; }
  };
  process.on('SIGCONT', () => {
    aheadMs += ${ms};
    console.log(JSON.stringify({ msg: 'set' }));
  });`;
