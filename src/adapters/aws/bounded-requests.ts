const CONNECTION_TIMEOUT_MS = 1_000;

/**
 * Bounds for the `requestHandler` of an AWS client; its own defaults wait without end.
 *
 * @param answerMs how long one attempt may wait for its answer
 */
export const boundedRequests = (answerMs: number) => ({
  connectionTimeout: CONNECTION_TIMEOUT_MS,
  requestTimeout: answerMs,
  throwOnRequestTimeout: true,
  // The request's own time-out ends with the head of the answer; this one is for a body that never comes.
  socketTimeout: answerMs,
});
