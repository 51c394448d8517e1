// breaks: ports-are-imported-as-types
import { LIMIT } from '../../ports/system.ts';

export const limit = LIMIT;
