import { expect, it } from '@jest/globals';
import { simulateOrder, type Workload, workloads } from '../../suites/order-simulation.ts';

const named = (start: string): Workload => workloads.find(({ name }) => name.startsWith(start)) as Workload;
const simulate = async (workload: Workload, order: 'fifo' | 'lifo' | 'adaptive') =>
  simulateOrder({ order, workload, slots: 50, deadlineSeconds: 30, seed: 1 });

it.each(['2× for 1 min', '3× for 5 s a min over 0.05×', '3× for 5 s a min over 0.8×'])(
  'under %s, adaptive finishes as much in time as the better of the two orders, within two points',
  async (name) => {
    const [fifo, lifo, adaptive] = [
      await simulate(named(name), 'fifo'),
      await simulate(named(name), 'lifo'),
      await simulate(named(name), 'adaptive'),
    ];

    expect(adaptive.inTime).toBeGreaterThan(Math.max(fifo.inTime, lifo.inTime) - 0.02);
    expect(adaptive.arrived).toBe(fifo.arrived);
  },
);

it('under twice the capacity, the newest first finishes half in time, the oldest first what came before its backlog', async () => {
  const lasting = { ...named('2× for 10 min'), seconds: 240 };
  expect((await simulate(lasting, 'lifo')).inTime).toBeGreaterThan(0.5);
  expect((await simulate(lasting, 'fifo')).inTime).toBeLessThan(0.3);
});
