import { voteTableDefinitions } from '../../../adapters/dynamodb/vote-tables.ts';
import { AnswerBallot } from '../../../domain/votes/answer-ballot.ts';
import { AnswerSms } from '../../../domain/votes/answer-sms.ts';
import { AuditPoll } from '../../../domain/votes/audit-poll.ts';
import { CastVote } from '../../../domain/votes/cast-vote.ts';
import { ClosePoll } from '../../../domain/votes/close-poll.ts';
import { CreatePoll } from '../../../domain/votes/create-poll.ts';
import { FindPolls } from '../../../domain/votes/find-polls.ts';
import { FindVote } from '../../../domain/votes/find-vote.ts';
import { FoldShards } from '../../../domain/votes/fold-shards.ts';
import { ListAnswers } from '../../../domain/votes/list-answers.ts';
import { ReadResults } from '../../../domain/votes/read-results.ts';
import type { Recount } from '../../../domain/votes/recount-poll.ts';
import { RecountPoll } from '../../../domain/votes/recount-poll.ts';
import { SweepPolls } from '../../../domain/votes/sweep-polls.ts';
import { isForThisMachine } from '../../config/core.ts';
import { check, notices, settings } from '../../config/votes.ts';
import { problems } from '../../http/votes/problems.ts';
import { votesRoutes } from '../../http/votes/routes.ts';
import { system } from '../compose.ts';
import { defineContext } from '../context.ts';
import { sweep } from '../loops.ts';
import { checkStore } from './check-store.ts';
import { foldAndMeasure } from './fold-records.ts';
import { metrics } from './metrics.ts';
import { ports, votesModule } from './module.ts';

export const votes = defineContext({
  name: 'votes',
  settings,
  check,
  notices,
  checkStore,
  module: votesModule,
  problems,
  metrics,
  tables: (config) =>
    voteTableDefinitions({ votes: config.VOTES_TABLE, tallies: config.TALLIES_TABLE, leases: config.LEASES_TABLE }),
  routes: (container, config) =>
    votesRoutes({
      createPoll: container.get(CreatePoll),
      findPolls: container.get(FindPolls),
      findVote: container.get(FindVote),
      castVote: container.get(CastVote),
      answerSms: container.get(AnswerSms),
      answerBallot: container.get(AnswerBallot),
      listAnswers: container.get(ListAnswers),
      readResults: container.get(ReadResults),
      closePoll: container.get(ClosePoll),
      auditPoll: container.get(AuditPoll),
      recountPoll: container.get(RecountPoll),
      clock: container.get(system.clock),
      ids: container.get(system.ids),
      publicUrls: config.PUBLIC_BASE_URL ?? [],
      embedOrigins: config.EMBED_ORIGINS ?? [],
      meter: container.get(system.meter),
      twilio: {
        authTokens: config.TWILIO_AUTH_TOKEN ?? [],
        publicBaseUrls: config.PUBLIC_BASE_URL ?? [],
        openWithoutToken: isForThisMachine(config),
      },
    }),
  loops: (container, config) => {
    const logger = container.get(system.logger);
    const meter = container.get(system.meter);
    const feed = container.get(ports.shardFeed);
    const foldShards = container.get(FoldShards);
    const sweepPolls = container.get(SweepPolls);
    const recountPoll = container.get(RecountPoll);
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
});
