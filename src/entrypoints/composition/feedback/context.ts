import { isEmbedded } from '../../config/core.ts';
import { system } from '../compose.ts';
import { defineContext } from '../context.ts';
import { ports as votes } from '../votes/module.ts';
import { metrics } from './metrics.ts';
import { type FeedbackConfig, feedbackModule } from './module.ts';
import { ports } from './outbox-module.ts';
import { reactToKept } from './react-to-feedback.ts';

/** Joins votes to tasks: what is said in a poll becomes tasks, and these tell the receiver of the poll. */
export const feedback = defineContext({
  name: 'feedback',
  settings: {},
  // Loaded with votes and tasks, whose settings are there.
  module: (config) => feedbackModule(config as FeedbackConfig),
  problems: {},
  metrics,
  tables: () => [],
  routes: () => async () => undefined,
  loops: (container, config) => {
    // Where votes come from a stream, the one reader of it hands them on.
    if (!isEmbedded(config)) return [];
    const parts = {
      outbox: container.get(ports.outbox),
      region: container.get(votes.ledger).region,
      logger: container.get(system.logger),
      meter: container.get(system.meter),
    };
    return container.get(votes.feedbackFeeds).map((feed) => ({
      // A full queue keeps its feed busy, and no service from its start.
      start: () => {
        void feed.start({ changes: (changes) => reactToKept(parts, changes), gap: async () => undefined });
      },
      stop: () => feed.stop(),
    }));
  },
});
