import { votesModule } from './votes/module.ts';

export const contexts = [votesModule];
