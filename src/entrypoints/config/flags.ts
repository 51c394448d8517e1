import type { CoreConfig } from './core.ts';
import { type Settings, table, type Values } from './settings.ts';

export const settings = {
  FLAGS_TABLE: table('flags', 'feature flags'),
} satisfies Settings;

export type FlagsConfig = CoreConfig & Values<typeof settings>;
