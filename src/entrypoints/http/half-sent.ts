import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** What requests that have not arrived whole may hold together, bytes. */
const MAX_HELD = 64 * 1024 * 1024;
/** What a piece of a body takes beside its bytes. */
const PIECE_OVERHEAD = 256;
/** How often the bytes of heads are counted, for which there is no event before they are whole, ms. */
const MEASURE_MS = 250;

/** A connection on which a request is due, or has begun. */
interface Half {
  /** `bytesRead` of the connection when it began to wait for this request. */
  readonly begin: number;
  request: IncomingMessage | undefined;
  pieces: number;
  /** What it holds as far as it is known. */
  held: number;
}

/**
 * Bounds the memory that half-sent requests hold together. Over the bound, those that have been on their way for longest
 * are given up, as if their time were over: one that arrives at once is hardly ever among them.
 *
 *     a connection ─▶ due ─▶ head ─▶ body ─▶ whole ─▶ answered ─▶ due …
 *                     └──── half-sent ────┘
 */
class HalfSent {
  /** In the order in which they began. */
  private readonly halves = new Map<Socket, Half>();
  private held = 0;

  constructor(
    private readonly maxHeld: number,
    private readonly giveUp: (socket: Socket) => void,
  ) {}

  waitFor(socket: Socket): void {
    if (socket.destroyed) return;
    this.forget(socket);
    this.halves.set(socket, { begin: socket.bytesRead, request: undefined, pieces: 0, held: 0 });
  }

  headCame(request: IncomingMessage): void {
    const half = this.halves.get(request.socket);
    if (half) half.request = request;
  }

  pieceCame({ socket }: IncomingMessage): void {
    const half = this.halves.get(socket);
    if (!half) return;
    half.pieces++;
    this.measure(socket, half);
    this.enforce();
  }

  forget(socket: Socket): void {
    this.held -= this.halves.get(socket)?.held ?? 0;
    this.halves.delete(socket);
  }

  measureAll(): void {
    for (const [socket, half] of this.halves) this.measure(socket, half);
    this.enforce();
  }

  private measure(socket: Socket, half: Half): void {
    if (half.request?.complete) {
      this.forget(socket);
      return;
    }
    const before = half.held;
    half.held = socket.bytesRead - half.begin + half.pieces * PIECE_OVERHEAD;
    this.held += half.held - before;
    // It begins with its first byte: the connection may have been idle before.
    if (before === 0 && half.held > 0) {
      this.halves.delete(socket);
      this.halves.set(socket, half);
    }
  }

  private enforce(): void {
    for (const [socket, { held }] of this.halves) {
      if (this.held <= this.maxHeld) return;
      if (held === 0) continue;
      this.forget(socket);
      this.giveUp(socket);
    }
  }
}

/**
 * Keeps requests that have not arrived whole from holding too much together.
 *
 * @param maxHeld bytes; 64 MiB unless given
 */
export function boundHalfSent(app: FastifyInstance, maxHeld = MAX_HELD): void {
  const { server } = app;
  const timedOut = Object.assign(new Error('Given up for others'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  const halfSent = new HalfSent(maxHeld, (socket) => void server.emit('clientError', timedOut, socket));
  server.on('connection', (socket: Socket) => {
    halfSent.waitFor(socket);
    socket.once('close', () => halfSent.forget(socket));
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    halfSent.headCame(request);
    request.once('end', () => halfSent.forget(request.socket));
    response.once('close', () => halfSent.waitFor(request.socket));
  });
  // Not a promise: the body must be listened to in the same turn by whoever parses it.
  app.addHook('preParsing', ({ raw }, _, payload, done) => {
    payload.on('data', () => halfSent.pieceCame(raw));
    done();
  });
  server.once('listening', () => {
    const measuring = setInterval(() => halfSent.measureAll(), MEASURE_MS).unref();
    server.once('close', () => clearInterval(measuring));
  });
}
