export interface TwilioSettings {
  /** Any of them may have signed; several during a rotation. */
  readonly authTokens: readonly string[];
  readonly publicBaseUrl: URL | undefined;
  /** Whether requests are taken unchecked while there is no token. */
  readonly openWithoutToken: boolean;
}

export interface SignedRequest {
  /** Path and query as they came in. */
  readonly url: string;
  readonly signature: string | undefined;
  readonly form: Record<string, unknown>;
}

/** Whether Twilio sent this. What Twilio signs is the public address, so the Host header plays no part. */
export async function isFromTwilio(
  { authTokens, publicBaseUrl, openWithoutToken }: TwilioSettings,
  request: SignedRequest,
): Promise<boolean> {
  if (authTokens.length === 0) return openWithoutToken;
  const { signature, form } = request;
  const url = publicBaseUrl?.href.replace(/\/$/, '') + request.url;
  if (signature === undefined || !URL.canParse(url)) return false;
  // Loaded with the first text message.
  const { default: twilio } = await import('twilio/lib/webhooks/webhooks.js');
  return authTokens.some((token) => twilio.validateRequest(token, signature, url, form));
}
