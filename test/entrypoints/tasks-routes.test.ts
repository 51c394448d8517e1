import { embeddedApp } from '../helpers/embedded-app.ts';
import { describeTasksRoutes } from './tasks-routes.suite.ts';

describeTasksRoutes('memory', () => embeddedApp(), { bulk: true });
