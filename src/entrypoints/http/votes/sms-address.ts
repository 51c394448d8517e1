/**
 * The number in an address of Twilio: `whatsapp:+15557770001` and `rcs:+15557770001` are the phone +15557770001, and
 * `sms:55555` is the short code. What is no number of a phone stays as it is, with its channel: the id of a person at
 * Messenger is not that of another elsewhere, nor a short code.
 */
export const numberIn = (address: string): string =>
  address.replace(/^(?:[a-z][a-z0-9+.-]*:(?=\+\d+$)|(?:sms|mms|rcs|whatsapp):(?=\d{3,8}$))/i, '');
