import { describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { lazyHttpClient } from '../../src/adapters/http/lazy-http-client.ts';
import { httpService } from '../helpers/http-service.ts';

describe('an HTTP client that cannot be loaded', () => {
  it('fails the request, and is loaded with the next one', async () => {
    let failures = 1;
    jest.unstable_mockModule('axios', () => {
      if (failures-- > 0) throw new Error('EMFILE: too many open files');
      return { default: axios };
    });
    const service = await httpService((_, response) => response.end('1'));
    const client = lazyHttpClient({});

    await expect(client()).rejects.toThrow('EMFILE');
    expect((await (await client()).get(service.url)).data).toBe(1);
    await service.close();
  });
});
