import { limitTableDefinition } from '../../../adapters/dynamodb/limit-tables.ts';
import { DeleteLimit } from '../../../domain/limits/delete-limit.ts';
import { GetLimit } from '../../../domain/limits/get-limit.ts';
import { Limiter } from '../../../domain/limits/limiter.ts';
import { ListLimits } from '../../../domain/limits/list-limits.ts';
import { PutLimit } from '../../../domain/limits/put-limit.ts';
import { ReadKey } from '../../../domain/limits/read-key.ts';
import { ResetKey } from '../../../domain/limits/reset-key.ts';
import { TakeFromLimit } from '../../../domain/limits/take-from-limit.ts';
import { check, settings } from '../../config/limits.ts';
import { problems } from '../../http/limits/problems.ts';
import { RequestLimits } from '../../http/limits/request-limits.ts';
import { limitsRoutes } from '../../http/limits/routes.ts';
import { system } from '../compose.ts';
import { defineContext } from '../context.ts';
import { sweep } from '../loops.ts';
import { metrics } from './metrics.ts';
import { limitsModule } from './module.ts';
import { ports } from './tokens.ts';

/** Counts that are shown are no older than this. */
const COUNTS_SECONDS = 1;

export const limits = defineContext({
  name: 'limits',
  settings,
  check,
  module: limitsModule,
  problems,
  tables: (config) => [limitTableDefinition(config.LIMITS_TABLE)],
  servingLoops: (container) => [
    sweep('storing the counts of limits', COUNTS_SECONDS, container.get(system.logger), () =>
      container.get(ports.counts).flush(),
    ),
  ],
  metrics,
  guards: (container, { LIMITS = [] }) => {
    if (LIMITS.length === 0) return {};
    const logger = container.get(system.logger);
    return new RequestLimits({
      limits: LIMITS,
      local: container.get(ports.local),
      limiter: container.get(Limiter),
      random: container.get(system.random),
      meter: container.get(system.meter),
      warn: (fields, message) => logger.warn(fields, message),
    });
  },
  routes: (container) =>
    limitsRoutes({
      putLimit: container.get(PutLimit),
      getLimit: container.get(GetLimit),
      listLimits: container.get(ListLimits),
      deleteLimit: container.get(DeleteLimit),
      takeFromLimit: container.get(TakeFromLimit),
      readKey: container.get(ReadKey),
      resetKey: container.get(ResetKey),
    }),
});
