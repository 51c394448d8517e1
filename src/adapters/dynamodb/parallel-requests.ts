/** How many requests one piece of work has under way at a time. */
export const PARALLEL_REQUESTS = 16;
