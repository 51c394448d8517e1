import type { Delivery } from '../../domain/flags/hosted-connection.ts';
import type { ConnectionHost } from '../../ports/flags.ts';

/** Connections for tests of what functions do. */
export class MemoryConnectionHost implements ConnectionHost {
  /** What each open connection was sent. */
  private readonly open = new Map<string, string[]>();

  connect(connectionId: string): void {
    this.open.set(connectionId, []);
  }

  sentTo(connectionId: string): readonly string[] | undefined {
    return this.open.get(connectionId);
  }

  async send(connectionId: string, text: string): Promise<Delivery> {
    const sent = this.open.get(connectionId);
    sent?.push(text);
    return sent ? 'sent' : 'gone';
  }

  async end(connectionId: string): Promise<void> {
    this.open.delete(connectionId);
  }
}
