import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { startFakeRateProvider } from '../../demo/rate-provider.ts';
import { KEY } from '../helpers/embedded-app.ts';
import type { Send } from '../helpers/http.ts';
import { signing, twilioSettings } from '../helpers/signing.ts';
import { clientOptions, DeployedStack } from './deployed-stack.ts';
import { FirstRelease, putOldItems } from './first-release.ts';
import { type MiniStack, startMiniStack } from './ministack.ts';
import { Sam } from './sam.ts';

type Parameters = Readonly<Record<string, string>>;

/**
 * Portside, deployed as the README says into an AWS of its own, with SMS and a source of rates set up. Its stack began as
 * that of the first release, with data in it.
 */
export class Deployment {
  private constructor(
    readonly aws: MiniStack,
    readonly sam: Sam,
    /** As it was in the first release. */
    readonly before: DeployedStack,
    readonly stack: DeployedStack,
    readonly parameters: Parameters,
    /** Those that it has in a secret. */
    readonly rateSources: string,
    /** Sends to the stack; what carries the key of the tests carries the stack's. */
    readonly send: Send,
    readonly stop: () => Promise<void>,
  ) {}

  /**
   * @param more of the template's parameters
   * @param without items of the first release that match
   */
  static async start(more: Parameters = {}, without?: RegExp): Promise<Deployment> {
    const started: { stop(): Promise<void> }[] = [];
    const stop = async () => {
      for (const each of started.splice(0).reverse()) await each.stop();
    };
    return Deployment.startWith(more, without, started, stop).catch(async (error) => {
      await stop();
      throw error;
    });
  }

  private static async startWith(
    more: Parameters,
    without: RegExp | undefined,
    started: { stop(): Promise<void> }[],
    stop: () => Promise<void>,
  ): Promise<Deployment> {
    const rates = await startFakeRateProvider();
    started.push(rates);
    const aws = await startMiniStack();
    started.push(aws);
    const sam = await Sam.start(aws.endpoint);
    started.push(sam);
    const secrets = new SecretsManagerClient(clientOptions(aws.endpoint));
    const createSecret = async (Name: string, SecretString: string): Promise<string> =>
      (await secrets.send(new CreateSecretCommand({ Name, SecretString }))).ARN as string;
    const rateSources = `frankfurter=${rates.url}`;
    const parameters = {
      TwilioAuthTokenSecretArn: await createSecret('twilio', twilioSettings.TWILIO_AUTH_TOKEN),
      PublicBaseUrl: twilioSettings.PUBLIC_BASE_URL,
      SmsDefaultPoll: 'colors',
      RunnerHosts: '127.0.0.0/8',
      RateSourcesSecretArn: await createSecret('rates', rateSources),
      ...more,
    };
    const [before] = await Promise.all([deployFirstRelease(aws, sam, without, started), sam.build()]);
    await sam.deploy(parameters);
    const stack = await DeployedStack.find(aws);
    await stack.importRoutes();
    const send = withKeyOf(await stack.adminKey(), stack.send);
    return new Deployment(aws, sam, before, stack, parameters, rateSources, signing(send), stop);
  }
}

/** Deploys 0.1 and leaves in its tables what it has written. */
async function deployFirstRelease(
  aws: MiniStack,
  sam: Sam,
  without: RegExp | undefined,
  started: { stop(): Promise<void> }[],
): Promise<DeployedStack> {
  const release = await FirstRelease.make();
  started.push(release);
  await sam.deployTemplate(release.template);
  const stack = await DeployedStack.find(aws);
  await putOldItems(stack.tables, (table) => stack.nameOf(table), without);
  return stack;
}

function withKeyOf(key: string, send: Send): Send {
  const replaced = (text: string): string => text.replace(KEY, key);
  return (request) => {
    const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(replaced) : replaced(value),
    ]);
    return send({ ...request, headers: Object.fromEntries(headers) });
  };
}
