import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ContainerModule } from 'inversify';
import { DomainError } from '../../src/domain/shared/domain-error.ts';
import { defineContext } from '../../src/entrypoints/composition/context.ts';
import { contexts } from '../../src/entrypoints/composition/contexts.ts';
import { provide, value } from '../../src/entrypoints/composition/token.ts';
import { readConfig } from '../../src/entrypoints/config/read-config.ts';
import { matching, type Settings } from '../../src/entrypoints/config/settings.ts';
import { type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

/** The domain of a context that the service knows nothing of. */
class Greet {
  constructor(private readonly word: string) {}

  execute(name: string): string {
    if (name === 'nobody') throw new DomainError('GREETINGS_NOBODY', 'Nobody is there. Name somebody.');
    return `${this.word}, ${name}!`;
  }
}

const settings = {
  GREETING: { meaning: 'Word to greet with.', fallback: 'Hello', parse: matching(/^\w+$/, 'must be one word') },
} satisfies Settings;

const greetings = defineContext({
  name: 'greetings',
  settings,
  module: (config) => new ContainerModule(({ bind }) => provide(bind, Greet, value(config.GREETING))),
  routes: (container) => async (app) => {
    app.get<{ Params: { name: string } }>(
      '/greetings/:name',
      { schema: { summary: 'Greet somebody' } },
      async ({ params: { name } }) => ({ greeting: container.get(Greet).execute(name) }),
    );
  },
  problems: { GREETINGS_NOBODY: { status: 404, title: 'Nobody is there', advice: 'Name somebody.' } },
  tables: () => [],
});

/** What a new context changes of what exists: one more entry in the list. */
const withGreetings = [...contexts, greetings];

describe('a new context, by one more entry in the list', () => {
  let service: EmbeddedApp;
  beforeAll(async () => {
    service = await embeddedApp({ GREETING: 'Ahoy' }, { contexts: withGreetings });
  });
  afterAll(() => service.close());

  it('serves its routes with its settings and its use cases', async () => {
    const answer = await service.app.inject('/greetings/Ada');
    expect(answer.json()).toEqual({ greeting: 'Ahoy, Ada!' });
  });

  it('has its errors answered and described like all others', async () => {
    const answer = await service.app.inject('/greetings/nobody');
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toMatchObject({ code: 'GREETINGS_NOBODY', title: 'Nobody is there' });

    const description = await service.app.inject(answer.json().type);
    expect(description.json()).toMatchObject({ code: 'GREETINGS_NOBODY', description: 'Name somebody.' });
  });

  it('stands in the published description of the service', async () => {
    const { paths } = (await service.app.inject('/openapi.json')).json();
    expect(paths['/greetings/{name}'].get.summary).toBe('Greet somebody');
  });

  it('has its settings checked together with all others', () => {
    const read = () => readConfig({ GREETING: 'two words', PORT: 'x' }, withGreetings);
    expect(read).toThrow(/^PORT must be .*\nGREETING must be one word$/);
  });

  it('leaves the other contexts as they are', async () => {
    expect((await service.app.inject('/polls/colors')).statusCode).toBe(200);
  });
});
