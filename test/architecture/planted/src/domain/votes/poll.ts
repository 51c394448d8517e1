import { firstPage } from '../shared/page.ts';

export interface Poll {
  readonly page: typeof firstPage;
}
export const poll: Poll = { page: firstPage };
