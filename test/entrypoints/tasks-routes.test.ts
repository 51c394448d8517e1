import { embeddedApp } from '../helpers/embedded-app.ts';
import { describeTasksRoutes } from '../suites/tasks-routes.ts';

describeTasksRoutes('memory', () => embeddedApp(), { bulk: true });
