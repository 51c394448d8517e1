export const KEY = 'a key that only tests know';
