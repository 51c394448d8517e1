import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { authorization, type EmbeddedApp, embeddedApp } from '../helpers/embedded-app.ts';

const NUMBER = '+15005550006';

let service: EmbeddedApp;
beforeEach(async () => {
  service = await embeddedApp();
  await service.app.inject({
    method: 'POST',
    url: '/polls',
    headers: authorization,
    payload: { pollId: 'one', question: 'Which?', choices: ['RED', 'BLUE'], voterLimit: 'one', smsNumber: NUMBER },
  });
});
afterEach(() => service.close());

const vote = (voter: string) =>
  service.app.inject({ method: 'POST', url: '/polls/one/votes', payload: { choice: 'RED', voter } });
const text = async (MessageSid: string, From: string, Body = 'red') =>
  (
    await service.app.inject({
      method: 'POST',
      url: '/webhooks/twilio/sms',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ MessageSid, From, To: NUMBER, Body }).toString(),
    })
  ).body;
const ballots = async () =>
  (await service.app.inject({ method: 'POST', url: '/polls/one/close', headers: authorization })).json().audit.ballots;

describe('a voter on the web', () => {
  it.each([
    ['in capitals or small letters', ['ann@example.org', 'Ann@Example.ORG', 'ANN@EXAMPLE.ORG']],
    ['of letters that have several small ones', ['STRASSE', 'straße', 'Strasse', 'ſtrasse']],
    ['with blanks around and between', ['ann lee', ' ann lee ', 'ann  lee', 'ann\u00a0lee', '\tann\u3000lee\n']],
    ['with accents in one character or two', ['josé', 'jose\u0301', 'JOSÉ']],
    ['in wide letters, as ligatures and as circled figures', ['ﬁfty ①', 'fifty 1', 'ｆｉｆｔｙ １']],
    ['with what nobody sees', ['ann', 'an\u200bn', '\u202eann', 'ann\ufeff', 'a\u00adnn']],
    [
      'as a phone number in every spelling',
      [
        '+15557770000',
        '+1 555 777 0000',
        '+1 (555) 777-0000',
        '+1.555.777.0000',
        '0015557770000',
        'tel:+15557770000',
        'TEL: +1-555-777-0000',
        '＋１５５５７７７００００',
      ],
    ],
  ])('is one, %s', async (_, spellings) => {
    const statuses = [];
    for (const voter of spellings) statuses.push((await vote(voter)).statusCode);

    expect(statuses).toEqual([201, ...spellings.slice(1).map(() => 409)]);
    expect(await ballots()).toBe(1);
  });

  it('is another one where anything else differs', async () => {
    const voters = [
      'ann',
      'anne',
      'ann lee',
      'annlee',
      'jose',
      'josé',
      '15557770000',
      '+15557770000',
      '+15557770001',
      '+12',
      '12',
    ];
    for (const voter of voters) expect([voter, (await vote(voter)).statusCode]).toEqual([voter, 201]);

    expect(await ballots()).toBe(voters.length);
  });

  it.each([' ', '\t\n', '\u00a0', '\u200b', '\u202e \u00ad', '\u3000'])(
    'is none in what is blank: %j',
    async (voter) => {
      const answer = await vote(voter);

      expect(answer.statusCode).toBe(400);
      expect(answer.json().errors).toEqual([{ path: 'voter', message: expect.stringMatching(/\w/) }]);
    },
  );

  it('is never the owner of a phone: neither uses up the vote of the other', async () => {
    expect((await vote('+15557770000')).statusCode).toBe(201);
    expect(await text('SM1', '+15557770000')).toContain('Your vote for RED is counted');
    expect(await text('SM2', '+15557770001')).toContain('Your vote for RED is counted');
    expect((await vote('+1 555 777 0001')).statusCode).toBe(201);
    expect(await text('SM3', '+15557770000', 'blue')).toContain('voted already');

    expect(await ballots()).toBe(4);
  });
});
