import { expect, it } from '@jest/globals';
import { clientMessageIn } from '../../../src/domain/flags/socket-messages.ts';

const contextOf = (context: string) => {
  const message = clientMessageIn(`{"type":"hello","context":${context}}`);
  return message.type === 'hello' ? message.context : undefined;
};

it('keeps of a context what rules look into', () => {
  expect(
    contextOf('{"targetingKey":"ann","plan":"gold","seats":[1,"2",{"deep":true}],"team":{"name":"x"},"__proto__":1}'),
  ).toEqual(JSON.parse('{"targetingKey":"ann","plan":"gold","seats":[1,"2",{}],"team":{},"__proto__":1}'));
});

it('keeps nothing of what is nested, however much or deep it is', () => {
  const objects = contextOf(`{"a":[${'{},'.repeat(5_000)}{}]}`) as { a: readonly object[] };
  expect(new Set(objects.a).size).toBe(1);
  expect(contextOf(`{"a":${'['.repeat(15_000)}${']'.repeat(15_000)}}`)).toEqual({ a: [{}] });
});

it.each([
  ['too long', `{"a":"${'x'.repeat(16_384)}"}`],
  ['too large a number', '{"a":1e400}'],
  ['too large a number in a list', '{"a":[-1e400]}'],
])('refuses a context with %s', (_, context) => {
  expect(() => contextOf(context)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }));
});
