import type { Meter } from '../../ports/system.ts';

/** For a service whose figures nobody asked for. */
export const silentMeter: Meter = { record: () => undefined };
