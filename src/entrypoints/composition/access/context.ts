import { settings } from '../../config/access.ts';
import { problems } from '../../http/access/problems.ts';
import { accessRoutes } from '../../http/access/routes.ts';
import { defineContext } from '../context.ts';
import { accessModule } from './module.ts';
import { tokenGuards } from './tokens.ts';

export const access = defineContext({
  name: 'access',
  settings,
  module: accessModule,
  problems,
  tables: () => [],
  routes: () => accessRoutes(),
  guards: (container, config) => ({ ...tokenGuards(container, config) }),
});
