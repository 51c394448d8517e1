import { ContainerModule } from 'inversify';
import type { AccessConfig } from '../../config/access.ts';
import { bindTokens } from './tokens.ts';

/** Binds the ports of the access context to the adapters of the configured profile, and its use cases to the ports. */
export const accessModule = (config: AccessConfig): ContainerModule =>
  new ContainerModule((options) => {
    bindTokens(options, config);
  });
