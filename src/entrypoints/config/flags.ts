import type { CoreConfig } from './core.ts';
import { baseUrl, type Settings, table, type Values } from './settings.ts';

export const settings = {
  FLAGS_TABLE: table('flags', 'feature flags'),
  SOCKET_CONNECTIONS_URL: {
    meaning:
      'Stage of the WebSocket API that holds the connections of clients of flags; needed by the functions that answer them, unused elsewhere.',
    parse: baseUrl,
  },
} satisfies Settings;

export type FlagsConfig = CoreConfig & Values<typeof settings>;
