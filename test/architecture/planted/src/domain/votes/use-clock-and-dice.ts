import { firstPage } from '../shared/page.ts';

export const now = Date.now(); // impure
export const today = new Date(); // impure
export const tonight = new Date; // impure
export const text = Date(); // impure
export const hidden = new Date(Date['now']()); // impure
export const dice = firstPage.size * Math.random(); // impure
export const loaded = Math['random']; // impure
export const { random } = Math; // impure
export const clock = Date; // impure
export const surroundings = globalThis; // impure

function injectable(constructor: unknown): void {}

@injectable // impure
export class Service {}

export const allowed = (at: Date) => [at, new Date(0), new Date(2026, 0, 1), Date.UTC(2026), Date.parse(''), Math.max(1)];
