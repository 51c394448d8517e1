import type { Container } from 'inversify';
import { steadyClock } from '../../adapters/system/clock.ts';
import type { MetricDefinitions } from '../../adapters/telemetry/prometheus-meter.ts';
import type { CoreConfig } from '../config/core.ts';
import { system } from './compose.ts';
import type { Loop } from './context.ts';
import type { DiskStorage } from './embedded.ts';
import { sweep } from './loops.ts';

/** Recorded where data is kept on the disk of the process. */
export const diskMetrics = {
  DiskFreeBytes: {
    type: 'gauge',
    unit: 'Count',
    meaning: 'What is free on the disk of `DATA_DIR`, in bytes.',
    recorded: 'with every sweep',
  },
  DiskSlowestSync: {
    type: 'gauge',
    unit: 'Milliseconds',
    meaning: 'How long the slowest sync of the disk took since the sweep before.',
    recorded: 'with every sweep',
  },
  DiskSyncAge: {
    type: 'gauge',
    unit: 'Milliseconds',
    meaning: 'How long ago the last sync of the disk ended; each sweep makes one.',
    recorded: 'with every sweep',
  },
} satisfies MetricDefinitions;

/** A time that is further ahead was kept while the clock was wrong, ms. */
const MAX_AHEAD_MS = 86_400_000;
const NOW = 'now';

/** Lets a process go on where the one before it on this disk ended, and end well itself. */
export function goOnFromDisk({ disk, maps }: DiskStorage, container: Container): void {
  const lifecycle = container.get(system.lifecycle);
  const machineNow = container.get(system.machineClock).now();
  const kept = maps.map<number>('kept-time').get(NOW) ?? 0;
  // Leases and delays of tasks outlive the process; the machine's clock may have been set back since.
  const startAt = kept - machineNow < MAX_AHEAD_MS ? Math.max(kept, machineNow) : machineNow;
  container.rebind(system.steadyClock).toConstantValue(steadyClock(startAt));
  lifecycle.onClose(() => disk.close());
  lifecycle.degradesWithout('store', () => disk.check());
}

/** Records what alarms of a disk rest on, and the time for {@link goOnFromDisk}. */
export function watchDisk({ disk, maps }: DiskStorage, container: Container, { SWEEP_SECONDS }: CoreConfig): Loop {
  const meter = container.get(system.meter);
  const clock = container.get(system.steadyClock);
  const times = maps.map<number>('kept-time');
  const keepTime = () => void times.set(NOW, clock.now());
  const watching = sweep('watching the disk', SWEEP_SECONDS, container.get(system.logger), async () => {
    meter.record('DiskFreeBytes', await disk.freeBytes(), 'Count');
    meter.record('DiskSlowestSync', disk.slowestSync(), 'Milliseconds');
    meter.record('DiskSyncAge', disk.syncAge(), 'Milliseconds');
    keepTime();
  });
  return {
    start: () => watching.start(),
    stop: async () => {
      await watching.stop();
      keepTime();
    },
  };
}
