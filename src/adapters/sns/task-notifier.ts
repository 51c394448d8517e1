import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { TaskNotifier } from '../../ports/tasks.ts';

/** The body of a message to the topic. */
export interface NotificationMessage {
  /** How often in a row the processor has invoked itself; 0 for any other sender. */
  readonly round: number;
}

/** Notifies the processor of the stack through an SNS topic. Carries no queue names: the processor reads all active queues. */
export class SnsTaskNotifier implements TaskNotifier {
  constructor(
    private readonly client: SNSClient,
    private readonly topicArn: string,
  ) {}

  notify(): Promise<void> {
    return this.publish({ round: 0 });
  }

  /** Invokes the processor again. @param round of the next run @throws Error when SNS refuses the message */
  reinvoke(round: number): Promise<void> {
    return this.publish({ round });
  }

  private async publish(message: NotificationMessage): Promise<void> {
    const command = new PublishCommand({ TopicArn: this.topicArn, Message: JSON.stringify(message) });
    await this.client.send(command).catch((error: Error) => {
      throw new Error(`${this.topicArn} did not take a notification: ${error.message}`, { cause: error });
    });
  }
}

/** The round in a message; 0 for a message without one, since other senders may use the topic. */
export function roundIn(message: string): number {
  try {
    const { round } = JSON.parse(message) as Partial<NotificationMessage>;
    return Number.isSafeInteger(round) && (round as number) > 0 ? (round as number) : 0;
  } catch {
    return 0;
  }
}
