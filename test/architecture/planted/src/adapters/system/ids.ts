import { ulid } from 'ulid';

export const ids = { next: () => ulid() };
