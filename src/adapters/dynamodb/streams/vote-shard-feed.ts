import type { ShardImage } from '../../../domain/votes/tally.ts';
import type { ChangeFeed, ChangeHandler } from '../../../ports/system.ts';
import type { ShardFeed } from '../../../ports/votes.ts';
import type { StreamRecord } from './stream-record.ts';
import { type DecodedVotes, decodeVoteRecords } from './vote-records.ts';

/** The shard images in the stream of the votes table. Other records are skipped: none may block a shard. */
export class VoteShardFeed implements ShardFeed {
  constructor(
    private readonly records: ChangeFeed<StreamRecord>,
    /** Called with each batch, for a log of the skipped records. */
    private readonly onSkipped: (decoded: DecodedVotes) => void,
    /** Called with each batch once its images are handled. Never rejects. */
    private readonly afterwards: (records: readonly StreamRecord[]) => Promise<void> = async () => undefined,
  ) {}

  start(handler: ChangeHandler<ShardImage>): void {
    this.records.start({
      changes: async (records) => {
        const decoded = decodeVoteRecords(records);
        this.onSkipped(decoded);
        if (decoded.images.length > 0) await handler.changes(decoded.images);
      },
      afterChanges: this.afterwards,
      gap: () => handler.gap(),
    });
  }

  stop(): Promise<void> {
    return this.records.stop();
  }
}
