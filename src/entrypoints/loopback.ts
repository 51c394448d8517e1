/** Whether a host, as settings and `Host` headers name it, is this machine and can be reached from nowhere else. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
