import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { Call } from './http-client.ts';
import type { PlannedVote } from './votes-plan.ts';

/** Where and as whom a run votes. */
export interface VoteTarget {
  readonly pollId: string;
  /** Number to which the texts go, E.164. */
  readonly smsNumber: string;
  /** Eight hex digits that no other run has, so that its votes and voters are new ones. */
  readonly run: string;
  /** The base URL is spelled as the service has it, without a closing slash. */
  readonly twilio: { readonly authToken: string; readonly publicBaseUrl: string } | undefined;
}

const SMS_PATH = '/webhooks/twilio/sms';

/** A text without anything in it, which no webhook counts: one that checks signatures refuses it for its lack of one. */
export const emptyText: Call = {
  method: 'POST',
  path: SMS_PATH,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: '',
};

/** The request of a vote: always the same for the same vote, so that the service can know it again. */
export const callOf = (vote: PlannedVote, target: VoteTarget): Call =>
  vote.channel === 'sms' ? smsCall(vote, target) : jsonCall(vote, target);

function jsonCall({ index, text }: PlannedVote, { pollId, run }: VoteTarget): Call {
  const identity = `demo-${run}-${index}`;
  const isInHeader = index % 2 === 0;
  const vote = { choice: text, voter: `voter-${run}-${index}` };
  return {
    method: 'POST',
    path: `/polls/${pollId}/votes`,
    headers: { 'content-type': 'application/json', ...(isInHeader ? { 'idempotency-key': identity } : {}) },
    body: JSON.stringify(isInHeader ? vote : { ...vote, voteId: identity }),
  };
}

/** A text message as Twilio hands it to a webhook: all fields that it sends for an SMS without media. */
function smsCall({ index, text }: PlannedVote, { smsNumber, run, twilio }: VoteTarget): Call {
  const sid = `SM${run.padEnd(24, '0')}${index.toString(16).padStart(8, '0')}`;
  const form = {
    ToCountry: 'US',
    ToState: '',
    SmsMessageSid: sid,
    NumMedia: '0',
    ToCity: '',
    FromZip: '',
    SmsSid: sid,
    FromState: '',
    SmsStatus: 'received',
    FromCity: '',
    Body: text,
    FromCountry: 'US',
    To: smsNumber,
    ToZip: '',
    NumSegments: '1',
    MessageSid: sid,
    AccountSid: `AC${'0'.repeat(32)}`,
    From: madeUpNumber(run, index),
    ApiVersion: '2010-04-01',
  };
  return {
    method: 'POST',
    path: SMS_PATH,
    headers: {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'user-agent': 'TwilioProxy/1.1',
      accept: '*/*',
      ...(twilio ? { 'x-twilio-signature': signature(twilio, form) } : {}),
    },
    body: new URLSearchParams(form).toString(),
  };
}

const signature = (twilio: NonNullable<VoteTarget['twilio']>, form: Record<string, string>): string =>
  getExpectedTwilioSignature(twilio.authToken, twilio.publicBaseUrl + SMS_PATH, form);

/** A phone number that nobody has: country code 999 is not given to anyone. At most 15 digits, as E.164 wants it. */
export const madeUpNumber = (run: string, index: number): string => {
  const digits = (Number.parseInt(run, 16) % 100_000).toString().padStart(5, '0');
  return `+999${digits}${index.toString().padStart(7, '0')}`;
};
