import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryPoliciesInForce, MemoryPolicyStore } from '../../../src/adapters/memory/policy-store.ts';
import { DeletePolicy } from '../../../src/domain/access/delete-policy.ts';
import { AT_ONCE } from '../../../src/domain/access/propagation.ts';
import { MAX_STATEMENTS_LENGTH, PutPolicy } from '../../../src/domain/access/put-policy.ts';
import { FakeClock } from '../../helpers/fakes.ts';

const tooLong = { code: 'ACCESS_TOO_MANY_POLICIES', message: expect.stringContaining(String(MAX_STATEMENTS_LENGTH)) };
/** 100 statements of 128 characters. */
const POLICY_LENGTH = 12_800;
const statements = (count: number, length = 128) =>
  Array.from({ length: count }, () => `GET /${'q'.repeat(length - 'GET /'.length)}`);

let put: PutPolicy;
let remove: DeletePolicy;
beforeEach(() => {
  const store = new MemoryPolicyStore();
  const clock = new FakeClock();
  const inForce = new MemoryPoliciesInForce(store);
  const changing = { store, inForce, clock, elapsed: clock, propagation: AT_ONCE, keyNames: ['admin'] };
  put = new PutPolicy(changing);
  remove = new DeletePolicy(changing);
});

/** Policies that leave room for that many characters. */
async function fillUpTo(room: number): Promise<void> {
  const full = Math.floor((MAX_STATEMENTS_LENGTH - room) / POLICY_LENGTH);
  for (let index = 0; index < full; index++)
    await put.execute(`group:${index}`, { allow: statements(60), deny: statements(40) });
  for (let rest = MAX_STATEMENTS_LENGTH - room - full * POLICY_LENGTH, index = 0; rest > 0; index++) {
    const length = rest > 200 ? 100 : rest;
    await put.execute(`sub:${index}`, { allow: statements(1, length) });
    rest -= length;
  }
}

describe('the statements of all policies', () => {
  it('fill what they may have together, and not a character more', async () => {
    await fillUpTo(100);
    await expect(put.execute('group:new', { allow: statements(1, 101) })).rejects.toMatchObject(tooLong);
    await expect(put.execute('group:new', { allow: statements(1, 50), deny: statements(1, 51) })).rejects.toMatchObject(
      tooLong,
    );
    await put.execute('group:new', { allow: statements(1, 50), deny: statements(1, 50) });
    await expect(put.execute('group:0', { allow: statements(100), deny: [] })).resolves.toBeDefined();
    await put.execute('group:none', { allow: [] });
  });

  it('have room again once a policy is shortened or deleted', async () => {
    await fillUpTo(0);
    const one = { allow: statements(1) };
    await expect(put.execute('group:new', one)).rejects.toMatchObject(tooLong);
    await put.execute('group:0', { allow: statements(99) });
    await put.execute('group:new', one);
    await expect(put.execute('group:more', one)).rejects.toMatchObject(tooLong);
    await remove.execute('group:new');
    await put.execute('group:more', one);
  });
});
