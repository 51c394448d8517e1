import { httpService } from '../http-service.ts';

export interface FakeSns {
  readonly endpoint: string;
  /** What was published, and where. */
  readonly published: { readonly topic: string; readonly message: string }[];
  /** Whether the next messages are refused. */
  isFailing: boolean;
  stop(): Promise<void>;
}

const ANSWER =
  '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>m</MessageId>' +
  '</PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>';
const REFUSAL =
  '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>' +
  '<Code>AuthorizationError</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>';

/** A server on loopback that knows `Publish` as Amazon SNS speaks it. */
export async function startSns(): Promise<FakeSns> {
  const { url, close } = await httpService(({ body }, response) => {
    const form = new URLSearchParams(body);
    const isTaken = form.get('Action') === 'Publish' && !sns.isFailing;
    if (isTaken) sns.published.push({ topic: form.get('TopicArn') ?? '', message: form.get('Message') ?? '' });
    response.writeHead(isTaken ? 200 : 403, { 'content-type': 'text/xml' }).end(isTaken ? ANSWER : REFUSAL);
  });
  const sns: FakeSns = { endpoint: url, published: [], isFailing: false, stop: close };
  return sns;
}
