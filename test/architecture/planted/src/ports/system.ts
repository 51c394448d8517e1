export interface Clock {
  now(): number;
}

export const LIMIT = 1;
