import { setTimeout as delay } from 'node:timers/promises';
import { storeUnavailable } from '../../src/domain/shared/domain-error.ts';
import { seededRandom } from './fakes.ts';

export type Fault = 'fail before' | 'fail after commit' | 'delay' | 'duplicate';

const FAULTS: readonly Fault[] = ['fail before', 'fail after commit', 'delay', 'duplicate'];
const MAX_DELAY_MS = 30;

export interface FaultOptions {
  readonly seed: number;
  /** How often each of the four faults is met, 0 to 0.25. */
  readonly rate: number;
  /** Told of each fault. */
  readonly onFault?: (fault: Fault, call: string) => void;
}

/**
 * The same port, whose calls now and then fail before or after they were carried out, are late, or are carried out
 * twice. What a call meets depends on the seed, the call and how often it was made before, and not on the calls that
 * run beside it: the same seed does the same to the same calls in every run.
 *
 * @param port an object all of whose methods give back promises
 */
export function withFaults<Port extends object>(port: Port, options: FaultOptions): Port {
  const times = new Map<string, number>();
  const next = (call: string): { fault: Fault | undefined; delayMs: number } => {
    const time = (times.get(call) ?? 0) + 1;
    times.set(call, time);
    const random = seededRandom(options.seed ^ hash(`${call} ${time}`));
    const fault = FAULTS[Math.floor(random.next() / options.rate)];
    if (fault) options.onFault?.(fault, call);
    return { fault, delayMs: random.next() * MAX_DELAY_MS };
  };
  return new Proxy(port, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        const call = (): Promise<unknown> => method.apply(target, args);
        const { fault, delayMs } = next(`${String(name)} ${JSON.stringify(args)}`);
        switch (fault) {
          case 'fail before':
            throw storeUnavailable(new Error('injected before the call'));
          case 'fail after commit':
            await call();
            throw storeUnavailable(new Error('injected after the call'));
          case 'delay':
            await delay(delayMs);
            return call();
          case 'duplicate':
            // What comes back is the answer of either, as when a network repeats a message.
            return (await Promise.all([call(), call()]))[delayMs < MAX_DELAY_MS / 2 ? 0 : 1];
          default:
            return call();
        }
      };
    },
  });
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value;
}
