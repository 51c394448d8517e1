import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { contexts } from '../../../src/entrypoints/composition/contexts.ts';
import { SecretEnvironment } from '../../../src/entrypoints/config/secrets.ts';
import { FakeClock } from '../../helpers/fakes.ts';

const MINUTE = 60_000;

/** A store of secrets that counts how often it is asked, and fails while it holds none. */
function given(env: Record<string, string>, secrets: Map<string, string>) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const readSecret = async (secretId: string): Promise<string> => {
    asked.push(secretId);
    const secret = secrets.get(secretId);
    if (secret === undefined) throw new Error(`no secret ${secretId}`);
    return secret;
  };
  const environment = new SecretEnvironment(env, contexts, pino({ level: 'silent' }), readSecret, () => clock.now());
  return { clock, asked, environment };
}

describe('an environment with secrets', () => {
  it('has each secret as the setting that it is named for, without white space around it', async () => {
    const secrets = new Map([
      ['arn:keys', '{"admin":"0123456789abcdef"}'],
      ['arn:voter', 'a key of 16 or more\n'],
    ]);
    const { environment } = given(
      {
        API_KEYS_SECRET_ARN: 'arn:keys',
        VOTER_KEY_SECRET_ARN: 'arn:voter',
        TWILIO_AUTH_TOKEN_SECRET_ARN: '',
        PORT: '1',
      },
      secrets,
    );

    expect(await environment.read()).toMatchObject({
      API_KEYS: '{"admin":"0123456789abcdef"}',
      VOTER_KEY: 'a key of 16 or more',
      PORT: '1',
    });
    expect(await environment.read()).not.toHaveProperty('TWILIO_AUTH_TOKEN');
  });

  it('asks for no secret that is no setting', async () => {
    const { environment, asked } = given({ SOMETHING_SECRET_ARN: 'arn:else' }, new Map());

    await environment.read();
    expect(asked).toEqual([]);
  });

  it('asks once in five minutes, and is the same object while nothing has changed', async () => {
    const { environment, clock, asked } = given({ VOTER_KEY_SECRET_ARN: 'arn:voter' }, new Map([['arn:voter', 'one']]));

    const first = await environment.read();
    clock.advance(5 * MINUTE - 1);
    expect(await environment.read()).toBe(first);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    expect(await environment.read()).toBe(first);
    expect(asked).toHaveLength(2);
  });

  it('has a secret that was changed after five minutes', async () => {
    const secrets = new Map([['arn:voter', 'one']]);
    const { environment, clock } = given({ VOTER_KEY_SECRET_ARN: 'arn:voter' }, secrets);

    await environment.read();
    secrets.set('arn:voter', 'two');
    clock.advance(5 * MINUTE);
    expect(await environment.read()).toMatchObject({ VOTER_KEY: 'two' });
  });

  it('keeps what it knows while secrets cannot be read, and asks again after five minutes', async () => {
    const secrets = new Map([['arn:voter', 'one']]);
    const { environment, clock, asked } = given({ VOTER_KEY_SECRET_ARN: 'arn:voter' }, secrets);

    const first = await environment.read();
    secrets.clear();
    clock.advance(5 * MINUTE);
    expect(await environment.read()).toBe(first);
    expect(await environment.read()).toBe(first);
    expect(asked).toHaveLength(2);
  });

  it('cannot be read while its secrets cannot', async () => {
    const { environment } = given({ VOTER_KEY_SECRET_ARN: 'arn:voter' }, new Map());

    await expect(environment.read()).rejects.toThrow('no secret arn:voter');
  });
});
