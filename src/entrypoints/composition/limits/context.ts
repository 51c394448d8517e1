import { DeleteLimit } from '../../../domain/limits/delete-limit.ts';
import { GetLimit } from '../../../domain/limits/get-limit.ts';
import { ListLimits } from '../../../domain/limits/list-limits.ts';
import { PutLimit } from '../../../domain/limits/put-limit.ts';
import { ReadKey } from '../../../domain/limits/read-key.ts';
import { ResetKey } from '../../../domain/limits/reset-key.ts';
import { TakeFromLimit } from '../../../domain/limits/take-from-limit.ts';
import { check, settings } from '../../config/limits.ts';
import { problems } from '../../http/limits/problems.ts';
import { limitsRoutes } from '../../http/limits/routes.ts';
import { defineContext } from '../context.ts';
import { limitsModule } from './module.ts';

export const limits = defineContext({
  name: 'limits',
  settings,
  check,
  module: limitsModule,
  problems,
  tables: () => [],
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
