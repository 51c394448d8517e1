/**
 * What the order of a queue does to answers in time, in simulated time and with the domain's own use cases:
 *
 *     npm run bench -- tasks-order [slots] [deadline in seconds] [seed]
 *
 * Exits with 1 when `adaptive` falls more than two points behind the better of the other two.
 */
import { type SimulationResult, simulateOrder, workloads } from '../test/suites/order-simulation.ts';

const MAX_BEHIND = 0.02;

const [slots = 50, deadlineSeconds = 30, seed = 1] = process.argv.slice(2).map(Number);
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`.padStart(7);
const cell = ({ inTime, waits }: SimulationResult): string =>
  `${percent(inTime)}  ${waits.p50.toFixed(1)} / ${waits.p99.toFixed(1)} / ${waits.max.toFixed(1)}`.padEnd(28);

console.log(`${slots} slots, 1 s a task on average, deadline ${deadlineSeconds} s, seed ${seed}`);
console.log('Share of tasks finished inside the deadline, and how long tasks waited: p50 / p99 / max in s\n');
console.log(`${''.padEnd(40)}${['fifo', 'lifo', 'adaptive'].map((order) => order.padEnd(28)).join('')}`);
let isBehind = false;
for (const workload of workloads) {
  const run = (order: 'fifo' | 'lifo' | 'adaptive') => simulateOrder({ order, workload, slots, deadlineSeconds, seed });
  const [fifo, lifo, adaptive] = [await run('fifo'), await run('lifo'), await run('adaptive')];
  const behind = Math.max(fifo.inTime, lifo.inTime) - adaptive.inTime;
  isBehind ||= behind > MAX_BEHIND;
  console.log(
    `${workload.name.padEnd(40)}${[fifo, lifo, adaptive].map(cell).join('')}${behind > MAX_BEHIND ? ' BEHIND' : ''}`,
  );
}
process.exitCode = isBehind ? 1 : 0;
