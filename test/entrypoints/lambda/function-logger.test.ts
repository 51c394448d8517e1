import { afterEach, expect, it } from '@jest/globals';
import { beginInvocation, functionLogger } from '../../../src/entrypoints/composition/function-logger.ts';

const lines: Record<string, unknown>[] = [];
const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
afterEach(() => {
  lines.splice(0);
  beginInvocation({});
});

it('writes levels as words and times by RFC 3339, by which Lambda filters', () => {
  const log = functionLogger('trace', destination);
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[level]('a line');

  expect(lines.map(({ level }) => level)).toEqual(['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']);
  for (const { timestamp } of lines) expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

it('writes the ids of gateway and function beside those of the request, of one invocation at a time', () => {
  const log = functionLogger('info', destination).child({ requestId: 'ours' });
  beginInvocation({ awsRequestId: 'a', gatewayRequestId: 'g' });
  log.info('first');
  beginInvocation({ awsRequestId: 'b' });
  log.info('second');

  expect(lines).toMatchObject([{ requestId: 'ours', awsRequestId: 'a', gatewayRequestId: 'g' }, { awsRequestId: 'b' }]);
  expect(lines[1]).not.toHaveProperty('gatewayRequestId');
});
