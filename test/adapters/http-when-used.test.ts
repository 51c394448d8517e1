import { describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { httpWhenUsed } from '../../src/adapters/http/http-when-used.ts';
import { httpService } from '../helpers/http-service.ts';

describe('an HTTP client that cannot be loaded', () => {
  it('fails the request, and is loaded with the next one', async () => {
    let failures = 1;
    jest.unstable_mockModule('axios', () => {
      if (failures-- > 0) throw new Error('EMFILE: too many open files');
      return { default: axios };
    });
    const service = await httpService((_, response) => response.end('1'));
    const client = httpWhenUsed({});

    await expect(client()).rejects.toThrow('EMFILE');
    expect((await (await client()).get(service.url)).data).toBe(1);
    await service.close();
  });
});
