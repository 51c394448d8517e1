import type { AxiosInstance } from 'axios';
import { lazily } from '../common/lazily.ts';

/**
 * A client for answers of others: none is longer than so many bytes, redirects are not followed, and the status and the text
 * are for the caller to judge. It is loaded with the first request, since most processes make none.
 */
export const boundedClient = (maxBodyBytes: number): (() => Promise<AxiosInstance>) =>
  lazily(async () =>
    (await import('axios')).default.create({
      adapter: 'http',
      headers: { accept: 'application/json', 'user-agent': 'portside' },
      maxContentLength: maxBodyBytes,
      maxRedirects: 0,
      responseType: 'text',
      transformResponse: [(body) => body],
      validateStatus: () => true,
    }),
  );
