import type { CoreConfig } from './core.ts';
import { type Settings, table, type Values } from './settings.ts';

export const settings = {
  POLICIES_TABLE: table('policies', 'policies'),
} satisfies Settings;

export type AccessConfig = CoreConfig & Values<typeof settings>;
