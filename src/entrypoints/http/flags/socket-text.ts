import type { ServerMessage } from '../../../domain/flags/socket-messages.ts';
import { timestamp } from '../schemas.ts';

/**
 * A message as it goes to a client.
 *
 * @param aliveSeconds after which it hears something at the latest
 */
export const socketText = ({ asOf, ...message }: ServerMessage, aliveSeconds: number): string =>
  JSON.stringify({ ...message, asOf: timestamp(asOf), ...(message.type === 'change' ? {} : { aliveSeconds }) });
