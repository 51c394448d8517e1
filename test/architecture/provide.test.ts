import { describe, expect, it } from '@jest/globals';
import { Container } from 'inversify';
import { provide, token, value } from '../../src/entrypoints/composition/token.ts';

class Clock {
  private readonly time = 7;
  now = () => this.time;
}
class Greeting {
  constructor(
    private readonly word: string,
    private readonly clock: Clock,
    private readonly name: () => string,
  ) {}
  text = () => `${this.word} ${this.name()} at ${this.clock.now()}`;
}

const name = token<() => string>('name');

describe('provide', () => {
  it('makes a class of values and of what the container has, in the order of its parameters', () => {
    const container = new Container();
    container.bind(name).toConstantValue(() => 'Ada');
    provide(container.bind.bind(container), Clock);
    provide(container.bind.bind(container), Greeting, value('Hello'), Clock, name);
    expect(container.get(Greeting).text()).toBe('Hello Ada at 7');
  });

  it('does not compile with a dependency that is missing, swapped, of another type or too many', () => {
    const { bind } = new Container();
    const planted = [
      // @ts-expect-error: the name is missing
      () => provide(bind, Greeting, value('Hello'), Clock),
      // @ts-expect-error: swapped
      () => provide(bind, Greeting, value('Hello'), name, Clock),
      // @ts-expect-error: a number is no word
      () => provide(bind, Greeting, value(1), Clock, name),
      // @ts-expect-error: one too many
      () => provide(bind, Greeting, value('Hello'), Clock, name, Clock),
      // @ts-expect-error: a word that is no value, and no name in the container
      () => provide(bind, Greeting, 'Hello', Clock, name),
      // @ts-expect-error: a symbol that says nothing of a type
      () => provide(bind, Greeting, value('Hello'), Clock, Symbol('name')),
    ];
    expect(planted).toHaveLength(6);
  });
});
