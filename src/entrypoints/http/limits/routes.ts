import type { FastifyPluginAsync } from 'fastify';
import type { DeleteLimit } from '../../../domain/limits/delete-limit.ts';
import type { GetLimit } from '../../../domain/limits/get-limit.ts';
import type { ListLimits } from '../../../domain/limits/list-limits.ts';
import type { PutLimit } from '../../../domain/limits/put-limit.ts';
import type { ReadKey } from '../../../domain/limits/read-key.ts';
import type { ResetKey } from '../../../domain/limits/reset-key.ts';
import type { TakeFromLimit } from '../../../domain/limits/take-from-limit.ts';

export interface LimitsRoutesOptions {
  readonly putLimit: PutLimit;
  readonly getLimit: GetLimit;
  readonly listLimits: ListLimits;
  readonly deleteLimit: DeleteLimit;
  readonly takeFromLimit: TakeFromLimit;
  readonly readKey: ReadKey;
  readonly resetKey: ResetKey;
}

export const limitsRoutes =
  (_options: LimitsRoutesOptions): FastifyPluginAsync =>
  async () =>
    undefined;
