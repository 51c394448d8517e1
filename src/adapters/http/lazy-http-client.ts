import type { AxiosInstance, CreateAxiosDefaults } from 'axios';

/**
 * A client that is loaded and made with its first request: most processes make none. What could not be loaded is tried
 * again with the next one.
 */
export function lazyHttpClient(defaults: CreateAxiosDefaults): () => Promise<AxiosInstance> {
  let client: Promise<AxiosInstance> | undefined;
  return () => {
    client ??= import('axios')
      .then(({ default: axios }) => axios.create(defaults))
      .catch((error) => {
        client = undefined;
        throw error;
      });
    return client;
  };
}
