/** Epoch ms in 15 digits: as a string it sorts like the number, beyond the year 30,000. */
export const sortable = (time: number): string => String(Math.max(0, time)).padStart(15, '0');
