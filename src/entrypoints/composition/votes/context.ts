import type { Container } from 'inversify';
import { voteTableDefinitions } from '../../../adapters/dynamodb/vote-tables.ts';
import type { Recount } from '../../../domain/votes/recount-poll.ts';
import { problems } from '../../http/votes/problems.ts';
import { votesRoutes } from '../../http/votes/routes.ts';
import { system } from '../compose.ts';
import type { Context } from '../context.ts';
import { sweep } from '../loops.ts';
import { checkStore } from './check-store.ts';
import { figures } from './figures.ts';
import { ports, useCases, votesModule } from './module.ts';
import { check, isOpenWithoutToken, notices, settings, tablesOf, type VotesConfig } from './settings.ts';
import { foldAndMeasure } from './stream-handler.ts';

export const votes: Context<typeof settings> = {
  name: 'votes',
  settings,
  check,
  notices,
  checkStore,
  module: votesModule,
  problems,
  figures,
  tables: (config) => voteTableDefinitions(tablesOf(config)),
  routes: (container: Container, config: VotesConfig) =>
    votesRoutes({
      createPoll: container.get(useCases.createPoll),
      findPolls: container.get(useCases.findPolls),
      castVote: container.get(useCases.castVote),
      answerSms: container.get(useCases.answerSms),
      readResults: container.get(useCases.readResults),
      closePoll: container.get(useCases.closePoll),
      auditPoll: container.get(useCases.auditPoll),
      recountPoll: container.get(useCases.recountPoll),
      clock: container.get(system.clock),
      meter: container.get(system.meter),
      twilio: {
        authTokens: config.TWILIO_AUTH_TOKEN ?? [],
        publicBaseUrls: config.PUBLIC_BASE_URL ?? [],
        openWithoutToken: isOpenWithoutToken(config),
      },
    }),
  loops: (container: Container, config: VotesConfig) => {
    const logger = container.get(system.logger);
    const meter = container.get(system.meter);
    const feed = container.get(ports.shardFeed);
    const foldShards = container.get(useCases.foldShards);
    const sweepPolls = container.get(useCases.sweepPolls);
    const recountPoll = container.get(useCases.recountPoll);
    return [
      {
        start: () =>
          feed.start({
            changes: async (images) => {
              await foldAndMeasure({ foldShards, meter }, images).catch((error) => {
                logger.error({ err: error, images: images.length }, 'folding shards failed; the batch comes again');
                throw error;
              });
            },
            gap: async () => {
              logger.warn('records may have left the stream before anybody read them: recounting every poll');
              const recounted = (pollId: string, recount: Recount) => {
                if (recount.drift !== 0) logger.warn({ pollId, ...recount }, 'recounted');
              };
              // Single polls that cannot be recounted hold up no stream: readers and sweeps check them.
              await recountPoll.all(recounted).catch((error) => {
                if (!(error instanceof AggregateError)) throw error;
                logger.error({ err: error }, 'some polls could not be recounted');
              });
            },
          }),
        stop: () => feed.stop(),
      },
      sweep('looking after polls', config.SWEEP_SECONDS, logger, () => sweepPolls.execute()),
    ];
  },
};
