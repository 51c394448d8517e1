import fc from 'fast-check';
import { type FeedbackChange, feedbackReaction } from '../../src/domain/votes/feedback.ts';
import { describeReaction } from './reaction.contract.ts';

const REGION = 'eu-west-1';
const terms = { receiver: 'slack', quietSeconds: 60, maxSeconds: 900 } as const;

/** A vote, and what follows it: answers and, now and then, a notice of what was said until then. */
const feedback = fc
  .record({
    ballot: fc.integer({ min: 0, max: 5 }),
    region: fc.constantFrom(REGION, 'us-east-1'),
    steps: fc.array(fc.constantFrom('answer', 'sending', 'told'), { maxLength: 8 }),
  })
  .map(({ ballot, region, steps }): FeedbackChange[] => {
    const ballotId = String(ballot).padEnd(43, '_');
    const about = { pollId: 'mails', ballotId, terms };
    const changes: FeedbackChange[] = [{ ...about, kind: 'ballot', region, acceptedAt: 1_000 }];
    let revision = 0;
    let version = 0;
    let told: number | undefined;
    let sending: number | undefined;
    for (const step of steps) {
      if (step === 'answer') revision++;
      else if (step === 'sending') sending = revision;
      else if (sending === undefined) continue;
      else [told, sending] = [sending, undefined];
      if (step !== 'answer') version++;
      if (revision === 0) continue;
      const notice = {
        version,
        changeId: String(version),
        region,
        ...(told === undefined ? {} : { told: { revision: told } }),
        ...(sending === undefined ? {} : { sending: { until: 1_000 } }),
      };
      changes.push({
        ...about,
        kind: 'answers',
        revision,
        changedAt: 1_000 + revision,
        ...(version === 0 ? {} : { notice }),
      });
    }
    return changes;
  });

describeReaction(
  'feedback',
  feedbackReaction(REGION),
  fc
    .uniqueArray(feedback, { maxLength: 4, selector: ([first]) => first?.ballotId })
    .map((histories) => histories.flat()),
  ({ kind, ballotId }) => `${kind} ${ballotId}`,
);
