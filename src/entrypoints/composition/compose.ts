import 'reflect-metadata';
import { Container, ContainerModule } from 'inversify';
import type { Logger } from 'pino';
import { steadyClock, systemClock } from '../../adapters/system/clock.ts';
import { ulids } from '../../adapters/system/ids.ts';
import { systemRandom } from '../../adapters/system/random.ts';
import { EmfMeter } from '../../adapters/telemetry/emf-meter.ts';
import type { Clock, Ids, Meter, Random } from '../../ports/system.ts';
import { Lifecycle } from './lifecycle.ts';
import { token } from './token.ts';

export const system = {
  /** The time of the store where processes share one, else that of the machine. */
  clock: token<Clock>('Clock'),
  /** The time by which leases, delays and deadlines go: that of the store where processes share one, else one that nobody sets. */
  steadyClock: token<Clock>('SteadyClock'),
  /** The time of the machine, for what is no matter of the store. */
  machineClock: token<Clock>('MachineClock'),
  ids: token<Ids>('Ids'),
  random: token<Random>('Random'),
  logger: token<Logger>('Logger'),
  meter: token<Meter>('Meter'),
  lifecycle: token<Lifecycle>('Lifecycle'),
};

/**
 * Wires a service from modules. Nothing is opened yet: adapters open on first use and close with the lifecycle.
 *
 * @param metricsNamespace under which metrics go to CloudWatch, if they do
 * @param meters what records them besides
 */
export function compose(
  logger: Logger,
  modules: readonly ContainerModule[],
  metricsNamespace?: string,
  meters: readonly Meter[] = [],
): Container {
  const allMeters = metricsNamespace ? [emfMeter(metricsNamespace), ...meters] : meters;
  const container = new Container({ defaultScope: 'Singleton' });
  container.load(
    new ContainerModule(({ bind }) => {
      bind(system.machineClock).toConstantValue(systemClock);
      bind(system.clock).toService(system.machineClock);
      bind(system.steadyClock).toConstantValue(steadyClock());
      bind(system.ids).toConstantValue(ulids);
      bind(system.random).toConstantValue(systemRandom);
      bind(system.logger).toConstantValue(logger);
      bind(system.meter).toConstantValue({
        record: (...figure) => {
          for (const meter of allMeters) meter.record(...figure);
        },
      });
      bind(system.lifecycle).toConstantValue(new Lifecycle());
    }),
    ...modules,
  );
  return container;
}

const emfMeter = (namespace: string): Meter =>
  new EmfMeter(namespace, systemClock, (line) => process.stdout.write(`${line}\n`));
