import type { Readable } from 'node:stream';
import * as Type from 'typebox';
import { TICKET_USES } from '../../../domain/flags/ticket.ts';
import { Id, Timestamp } from '../schemas.ts';

export const SetParams = Type.Object({ set: Id });

export const NewTicket = Type.Object(
  { for: Type.Enum([...TICKET_USES], { description: 'What it opens', examples: ['socket'] }) },
  { additionalProperties: false },
);

export const Ticket = Type.Object(
  {
    ticket: Type.String({ description: 'A secret, for the parameter `ticket`', examples: ['hJ0mX3Yb1cQv7nWk2pLs9A'] }),
    expiresAt: Timestamp,
  },
  { title: 'FlagTicket', description: 'The new ticket' },
);

export const TicketQuery = Type.Object(
  {
    ticket: Type.Optional(
      Type.String({ maxLength: 128, description: 'In place of a key, from `POST /flag-sets/{set}/tickets`' }),
    ),
  },
  { additionalProperties: false },
);

export const EventsHeaders = Type.Object({
  'last-event-id': Type.Optional(Type.String({ description: 'The id of the last event; every browser sends it' })),
});

/** Without a type, as for the results of polls. */
const Events = Type.Unsafe<Readable>({
  examples: ['retry: 1000\n\nid: 42\ndata: {"type":"refetchEvaluation","etag":"\\"42\\""}\n\n'],
});

export const FlagEvents = {
  description:
    'Server-sent events; the data of each is `{ "type": "refetchEvaluation" }`, with the `etag` of the flags',
  content: { 'text/event-stream': { schema: Events } },
};

export const Upgraded = Type.Null({ description: 'The connection is a WebSocket from here on' });
