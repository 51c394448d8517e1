/** What one event stream has told, so that nobody is told twice, and nobody of less than before. */
export class ToldRevision {
  /** @param told the last that the client heard of; undefined if that is not known */
  constructor(private told?: number) {}

  /** Whether the client must be told of a revision, which it then is. */
  isNews(revision: number): boolean {
    if (this.told !== undefined && revision <= this.told) return false;
    this.told = revision;
    return true;
  }
}
