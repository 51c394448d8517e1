import { ContainerModule } from 'inversify';
import { memoryPollStore } from '../../../adapters/memory/poll-store.ts';

export const votesModule = [ContainerModule, memoryPollStore];
