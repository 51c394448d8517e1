// breaks: adapters-do-not-know-entrypoints
import { votesModule } from '../../entrypoints/composition/votes/module.ts';

export const votes = votesModule;
