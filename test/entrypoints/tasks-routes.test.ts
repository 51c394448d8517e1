import { embeddedApp } from '../helpers/embedded-app.ts';
import { describeTasks } from '../helpers/scenarios/tasks.ts';

describeTasks('memory', () => embeddedApp(), { bulk: true });
