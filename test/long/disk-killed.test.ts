import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { playKills } from '../suites/disk-under-kills.ts';

describe('a service on disk', () => {
  let DATA_DIR: string;
  beforeEach(async () => {
    DATA_DIR = await mkdtemp(join(tmpdir(), 'portside-kills-'));
  });
  afterEach(() => rm(DATA_DIR, { recursive: true, force: true }));

  it('that is killed 50 times keeps all that it answered, and nothing twice', async () => {
    const { votes, tasks, done, answers } = await playKills({
      env: { STORAGE: 'disk', DATA_DIR },
      kills: 50,
      clients: 20,
      seed: 1,
      livesMs: [100, 2_000],
    });
    const sum = [...votes.values()].reduce((all, each) => all + each, 0);
    process.stderr.write(`50 kills: ${answers} answers, ${sum} votes, ${tasks.size} tasks, ${done.size} finished\n`);
    expect(sum).toBeGreaterThan(1_000);
  });
});
