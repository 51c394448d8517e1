import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ConnectionHost } from '../../src/ports/flags.ts';

export interface ConnectionHostFixture {
  readonly host: ConnectionHost;
  /** Lets a client connect. */
  connect(connectionId: string): void;
  /** What it was sent; undefined once it is not connected any more. */
  sentTo(connectionId: string): readonly string[] | undefined;
  close(): Promise<void>;
}

export function describeConnectionHost(name: string, make: () => Promise<ConnectionHostFixture>): void {
  describe(`ConnectionHost: ${name}`, () => {
    let fixture: ConnectionHostFixture;
    beforeEach(async () => {
      fixture = await make();
    });
    afterEach(() => fixture.close());

    it('sends to a connection until it has ended, and tells then that it is gone', async () => {
      const { host } = fixture;
      fixture.connect('L0SM9cOFvHcCIhw=');
      fixture.connect('other');
      for (const text of ['{"a":"ü"}', '2']) expect(await host.send('L0SM9cOFvHcCIhw=', text)).toBe('sent');
      expect(fixture.sentTo('L0SM9cOFvHcCIhw=')).toEqual(['{"a":"ü"}', '2']);

      await host.end('L0SM9cOFvHcCIhw=');
      await host.end('L0SM9cOFvHcCIhw=');
      expect(fixture.sentTo('L0SM9cOFvHcCIhw=')).toBeUndefined();
      expect(await host.send('L0SM9cOFvHcCIhw=', '3')).toBe('gone');
      expect(fixture.sentTo('other')).toEqual([]);
    });
  });
}
