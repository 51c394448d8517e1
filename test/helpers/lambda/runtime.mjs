// What Lambda's runtime does for a function: loads it once, then hands it one event after the other.
const { handler } = await import(process.argv[2]);

process.on('message', async (event) => {
  try {
    process.send({
      result: await handler(event, { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 120_000 }),
    });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.send({ result: 'ready' });
