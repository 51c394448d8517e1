import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { Send } from './http.ts';

export const twilioSettings = {
  TWILIO_AUTH_TOKEN: 'a-twilio-token-for-tests',
  PUBLIC_BASE_URL: 'https://votes.example.org',
};

/** Signs what goes to the SMS webhook, as Twilio does, unless it is signed. */
export const signing =
  (send: Send): Send =>
  (request) => {
    if (!(request.body instanceof URLSearchParams)) return send(request);
    const { TWILIO_AUTH_TOKEN, PUBLIC_BASE_URL } = twilioSettings;
    const form = Object.fromEntries(request.body);
    const signature = getExpectedTwilioSignature(TWILIO_AUTH_TOKEN, PUBLIC_BASE_URL + request.url, form);
    return send({ ...request, headers: { 'x-twilio-signature': signature, ...request.headers } });
  };
