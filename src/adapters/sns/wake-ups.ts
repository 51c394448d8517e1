import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { WakeUps } from '../../ports/tasks.ts';

/** What is sent through the topic. */
export interface WakeUpMessage {
  /** How often in a row the processor has called itself; 0 for everybody else. */
  readonly round: number;
}

/** Signals through a topic, to whom the processor of the stack listens. It looks at every active queue when it is called. */
export class SnsWakeUps implements WakeUps {
  constructor(
    private readonly client: SNSClient,
    private readonly topicArn: string,
  ) {}

  notify(): Promise<void> {
    return this.publish({ round: 0 });
  }

  /** Calls the processor again. @param round of the call @throws Error when the topic does not take it */
  goOn(round: number): Promise<void> {
    return this.publish({ round });
  }

  private async publish(message: WakeUpMessage): Promise<void> {
    const command = new PublishCommand({ TopicArn: this.topicArn, Message: JSON.stringify(message) });
    await this.client.send(command).catch((error: Error) => {
      throw new Error(`${this.topicArn} did not take a wake-up: ${error.message}`, { cause: error });
    });
  }
}

/** The round that a message says; 0 for whatever says none, since anybody may wake the processor. */
export function roundIn(message: string): number {
  try {
    const { round } = JSON.parse(message) as Partial<WakeUpMessage>;
    return Number.isSafeInteger(round) && (round as number) > 0 ? (round as number) : 0;
  } catch {
    return 0;
  }
}
