import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * Stands in for the SDK's default chain of credential providers in the bundles of functions: Lambda hands credentials
 * over in the environment, and the providers for everything else are a third of the SDK's code. Nothing imports this
 * file: `Alias` in `template.yaml` puts it in place of `@aws-sdk/credential-provider-node`.
 */
export const defaultProvider = fromEnv;
