import { expect, it } from '@jest/globals';
import { MemoryFlagTickets } from '../../../src/adapters/memory/flag-tickets.ts';
import { memoryMaps } from '../../../src/adapters/memory/maps.ts';

it('keeps no tickets in memory that are over, nor more than it may', async () => {
  const kept = new Map<string, unknown>();
  const maps = {
    ...memoryMaps,
    map: <V>(name: string) => (name.endsWith('socket') ? kept : new Map()) as Map<string, V>,
  };
  const tickets = new MemoryFlagTickets(maps, 3);
  const put = (digest: string, madeAt: number) =>
    tickets.put({
      setId: 'web',
      use: 'socket',
      digest,
      holder: { subjects: ['key:page'] },
      madeAt,
      endsAt: madeAt + 30_000,
    });
  for (const at of [1, 2, 3, 4]) await put(`early${at}`, at);
  expect([...kept.keys()]).toEqual(['web early2', 'web early3', 'web early4']);
  await put('late', 60_000);
  expect([...kept.keys()]).toEqual(['web late']);
});
