export interface Page {
  readonly size: number;
}
export const firstPage: Page = { size: 1 };
