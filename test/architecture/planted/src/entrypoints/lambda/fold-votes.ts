import { votesModule } from '../composition/votes/module.ts';

export const handler = votesModule;
