import type { ServerMessage } from './socket-messages.ts';

/**
 * A message as it goes to a client.
 *
 * @param aliveSeconds after which it hears something at the latest
 */
export const socketText = ({ asOf, ...message }: ServerMessage, aliveSeconds: number): string =>
  JSON.stringify({
    ...message,
    asOf: new Date(asOf).toISOString(),
    ...(message.type === 'change' ? {} : { aliveSeconds }),
  });
