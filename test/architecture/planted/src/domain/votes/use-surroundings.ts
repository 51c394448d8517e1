import { firstPage } from '../shared/page.ts';

export const region = process.env.AWS_REGION; // does not compile
export const page = fetch(`/page/${firstPage.size}`); // does not compile
export const timer = setTimeout(() => undefined, 1); // does not compile
export const log = console.log; // does not compile
export const id = crypto.randomUUID(); // does not compile
export const bytes = Buffer.alloc(1); // does not compile
export const started = performance.now(); // does not compile
export const sizes = [firstPage].map((page) => page.size);
