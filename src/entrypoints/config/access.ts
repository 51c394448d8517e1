import type { CoreConfig } from './core.ts';
import { type Settings, table, type Values } from './settings.ts';
import { tokenSettings } from './token-issuers.ts';

export const settings = {
  ...tokenSettings,
  POLICIES_TABLE: table('policies', 'policies'),
} satisfies Settings;

export type AccessConfig = CoreConfig & Values<typeof settings>;
