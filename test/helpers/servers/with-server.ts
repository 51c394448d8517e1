import { afterAll, describe, it } from '@jest/globals';

/**
 * Declares suites that need a server. If it cannot be had they are skipped, and the reason stands in the last lines of
 * the run; with `CI=true` that is a failure.
 */
export async function withServer<Server extends { stop(): Promise<void> }>(
  name: string,
  start: () => Promise<Server>,
  suites: (server: Server) => Promise<void> | void,
): Promise<void> {
  let server: Server;
  try {
    server = await start();
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    describe(name, () => it.skip(`needs a server: ${(error as Error).message}`, () => undefined));
    return;
  }
  try {
    await suites(server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  // Declared last, so that it runs after what the suites clean up.
  afterAll(() => server.stop());
}
