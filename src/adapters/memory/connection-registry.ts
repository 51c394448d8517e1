import type { HostedConnection, Subscriber } from '../../domain/flags/hosted-connection.ts';
import type { ConnectionRegistry } from '../../ports/flags.ts';

/** Connections for tests of what functions do. */
export class MemoryConnectionRegistry implements ConnectionRegistry {
  private readonly connections = new Map<string, HostedConnection>();
  private readonly subscriptions = new Map<string, Subscriber>();

  async open(connection: HostedConnection): Promise<void> {
    this.connections.set(connection.connectionId, connection);
  }

  async get(connectionId: string): Promise<HostedConnection | undefined> {
    return this.connections.get(connectionId);
  }

  async subscribe(subscriber: Subscriber): Promise<boolean> {
    const noted = this.subscriptions.get(subscriber.connectionId);
    if (noted && noted.contextId > subscriber.contextId) return false;
    this.subscriptions.set(subscriber.connectionId, subscriber);
    return true;
  }

  async subscription({ connectionId }: HostedConnection): Promise<Subscriber | undefined> {
    return this.subscriptions.get(connectionId);
  }

  async *subscribers(setId: string): AsyncIterable<readonly Subscriber[]> {
    yield [...this.subscriptions.values()].filter((subscriber) => subscriber.setId === setId);
  }

  async close({ connectionId }: Pick<HostedConnection, 'connectionId'>): Promise<void> {
    this.connections.delete(connectionId);
    this.subscriptions.delete(connectionId);
  }
}
