import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MemoryChangeFeed } from '../../../src/adapters/memory/change-feed.ts';
import { MemoryPollStore } from '../../../src/adapters/memory/poll-store.ts';
import { MemoryVoteLedger } from '../../../src/adapters/memory/vote-ledger.ts';
import { MemoryVoterKeys } from '../../../src/adapters/memory/voter-keys.ts';
import { HmacVotePseudonyms } from '../../../src/adapters/system/vote-pseudonyms.ts';
import { DomainError } from '../../../src/domain/shared/domain-error.ts';
import { CastVote } from '../../../src/domain/votes/cast-vote.ts';
import { ClosePoll } from '../../../src/domain/votes/close-poll.ts';
import { CreatePoll } from '../../../src/domain/votes/create-poll.ts';
import type { Poll } from '../../../src/domain/votes/poll.ts';
import { ReplaceVoterKey } from '../../../src/domain/votes/replace-voter-key.ts';
import { TakeSmsVote } from '../../../src/domain/votes/take-sms-vote.ts';
import { countingIds, FakeClock, seededRandom } from '../../helpers/fakes.ts';
import { refusal } from '../../helpers/votes-world.ts';

const NUMBER = '+15550001111';
const draft = { question: 'Which colour?', choices: ['RED', 'GREEN'], voterLimit: 'one' } as const;

/** A store, and processes that share it with whatever key each of them has. */
function sharedStore() {
  const clock = new FakeClock();
  const polls = new MemoryPollStore();
  const voterKeys = new MemoryVoterKeys();
  const ledger = new MemoryVoteLedger(seededRandom(7), new MemoryChangeFeed());
  const closePoll = new ClosePoll(polls, ledger, clock);
  const processWith = (key: string, shared = { polls, voterKeys, ledger }) => {
    const pseudonyms = new HmacVotePseudonyms(key);
    const castVote = new CastVote(shared.polls, shared.ledger, pseudonyms, clock, countingIds());
    return {
      createPoll: new CreatePoll(shared.polls, shared.voterKeys, pseudonyms, clock, countingIds(), 4, {
        refusal: () => undefined,
      }),
      castVote,
      takeSmsVote: new TakeSmsVote(shared.polls, shared.ledger, pseudonyms, castVote, clock, undefined),
      replaceVoterKey: new ReplaceVoterKey(shared.polls, shared.voterKeys, pseudonyms, clock),
    };
  };
  return { clock, polls, voterKeys, ledger, closePoll, processWith };
}

const vote = { choice: 'red', voter: 'ann', channel: 'web' } as const;
const text = { messageId: 'SM1', to: NUMBER, from: '+15557770001', text: 'red' };

describe('a process with another voter key', () => {
  it('takes no vote and no text in a poll that was created under the first key', async () => {
    const store = sharedStore();
    const [first, other] = [store.processWith('the first key'), store.processWith('another key')];
    await first.createPoll.execute({ ...draft, pollId: 'p', smsNumber: NUMBER });
    await first.castVote.execute('p', vote);

    await expect(other.castVote.execute('p', vote)).rejects.toEqual(refusal('VOTES_VOTER_KEY_CHANGED'));
    await expect(other.castVote.execute('p', { ...vote, choice: 'mauve' })).rejects.toEqual(
      refusal('VOTES_VOTER_KEY_CHANGED'),
    );
    await expect(other.takeSmsVote.execute(text)).rejects.toEqual(refusal('VOTES_VOTER_KEY_CHANGED'));
    expect(await first.takeSmsVote.execute(text)).toMatchObject({ kind: 'counted' });
  });

  it('takes none either in a poll that it creates itself', async () => {
    const store = sharedStore();
    const [first, other] = [store.processWith('the first key'), store.processWith('another key')];
    await first.createPoll.execute({ ...draft, pollId: 'p' });
    await other.createPoll.execute({ ...draft, pollId: 'q' });

    await expect(other.castVote.execute('q', vote)).rejects.toEqual(refusal('VOTES_VOTER_KEY_CHANGED'));
    expect(await first.castVote.execute('q', vote)).toMatchObject({ choice: 'RED' });
  });

  it('says of a closed poll that it is closed, on the web and by text', async () => {
    const store = sharedStore();
    const other = store.processWith('another key');
    await store.processWith('the first key').createPoll.execute({ ...draft, pollId: 'p', smsNumber: NUMBER });
    await store.closePoll.execute('p', { by: 'admin' });

    await expect(other.castVote.execute('p', vote)).rejects.toEqual(refusal('VOTES_POLL_CLOSED'));
    expect(await other.takeSmsVote.execute(text)).toMatchObject({ kind: 'poll-closed', poll: { pollId: 'p' } });
  });
});

describe('ReplaceVoterKey', () => {
  it('is refused while polls are open or scheduled, names them all, and changes nothing', async () => {
    const store = sharedStore();
    const [first, other] = [store.processWith('the first key'), store.processWith('another key')];
    const opensAt = store.clock.now() + 60_000;
    for (let poll = 0; poll < 205; poll++) {
      await first.createPoll.execute({ ...draft, pollId: `p${poll}`, ...(poll === 0 ? { opensAt } : {}) });
      if (poll > 1) await store.closePoll.execute(`p${poll}`, { by: 'admin' });
      store.clock.advance(1);
    }

    const outcome = await other.replaceVoterKey.execute();
    expect(outcome).toEqual({ kind: 'refused', pollIds: ['p1', 'p0'] });
    await expect(other.castVote.execute('p1', vote)).rejects.toEqual(refusal('VOTES_VOTER_KEY_CHANGED'));
    expect(await first.castVote.execute('p1', vote)).toMatchObject({ choice: 'RED' });
  });

  it('has new polls take votes under the new key, and no more under the one before', async () => {
    const store = sharedStore();
    const [first, other] = [store.processWith('the first key'), store.processWith('another key')];
    await first.createPoll.execute({ ...draft, pollId: 'p' });
    await store.closePoll.execute('p', { by: 'admin' });

    expect(await other.replaceVoterKey.execute()).toEqual({ kind: 'replaced' });
    await first.createPoll.execute({ ...draft, pollId: 'q' });
    expect(await other.castVote.execute('q', vote)).toMatchObject({ choice: 'RED' });
    await expect(first.castVote.execute('q', vote)).rejects.toEqual(refusal('VOTES_VOTER_KEY_CHANGED'));
  });

  it('changes nothing where the key is the stored one or the first, whatever is open', async () => {
    const store = sharedStore();
    const first = store.processWith('the first key');

    expect(await first.replaceVoterKey.execute()).toEqual({ kind: 'unchanged' });
    await first.createPoll.execute({ ...draft, pollId: 'p' });
    expect(await first.replaceVoterKey.execute()).toEqual({ kind: 'unchanged' });
  });

  it('never gives a voter a second vote, however processes with different keys come between each other', async () => {
    const POLLS = ['p', 'q', 'r'];
    const step = fc.record({
      what: fc.constantFrom('create', 'vote', 'vote', 'close', 'replace'),
      pollId: fc.constantFrom(...POLLS),
    });
    const process = fc.record({
      key: fc.constantFrom('the first key', 'another key'),
      steps: fc.array(step, { minLength: 3, maxLength: 12 }),
    });
    let counted = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(process, { minLength: 2, maxLength: 4 }), fc.scheduler(), async (processes, s) => {
        const store = sharedStore();
        const polls: MemoryPollStore = Object.assign(Object.create(store.polls), {
          get: s.scheduleFunction((pollId: string) => store.polls.get(pollId)),
          list: s.scheduleFunction((page: { limit: number }) => store.polls.list(page)),
          create: s.scheduleFunction((poll: Poll) => store.polls.create(poll)),
        });
        const voterKeys = Object.assign(new MemoryVoterKeys(), {
          putFirst: s.scheduleFunction((key: string) => store.voterKeys.putFirst(key)),
          replace: s.scheduleFunction((key: string) => store.voterKeys.replace(key)),
        });
        const run = async ({ key, steps }: (typeof processes)[number]) => {
          const process = store.processWith(key, { polls, voterKeys, ledger: store.ledger });
          const work = {
            create: (pollId: string) => process.createPoll.execute({ ...draft, pollId }),
            vote: (pollId: string) => process.castVote.execute(pollId, vote),
            close: (pollId: string) => store.closePoll.execute(pollId, { by: 'admin' }),
            replace: () => process.replaceVoterKey.execute(),
          };
          for (const { what, pollId } of steps)
            await work[what](pollId).catch((error) => expect(error).toBeInstanceOf(DomainError));
        };
        await s.waitFor(Promise.all(processes.map(run)));
        for (const pollId of POLLS) {
          const poll = await store.polls.get(pollId);
          const { ballots } = poll ? await store.ledger.countBallots(poll) : { ballots: 0 };
          expect(ballots).toBeLessThanOrEqual(1);
          counted += ballots;
        }
      }),
      { numRuns: 150 },
    );
    expect(counted).toBeGreaterThan(100);
  });
});
