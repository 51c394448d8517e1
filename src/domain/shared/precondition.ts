import { DomainError, storeUnavailable } from './domain-error.ts';

/** Whether something may be changed, by what is stored of it now; undefined where there is nothing. */
export type Precondition<Stored> = (stored: Stored | undefined) => boolean;

/** Each lost race means that another change succeeded, so this many in a row are a sign of trouble. */
const MAX_ATTEMPTS = 10;

/**
 * Changes something as it was seen, so that a precondition still holds when the change is made:
 *
 *     A:  reads 1 ─ may change 1 ─ writes if it is still 1
 *     B:  reads 1 ─ may change 1 ─────────── writes if it is still 1: refused ─ reads 2 ─ may not change 2
 *
 * @param write undefined when what is stored was not as it was seen any more
 * @throws DomainError `PRECONDITION_FAILED`, `STORE_UNAVAILABLE`
 */
export async function changeIf<Stored, Result>(
  precondition: Precondition<Stored>,
  read: () => Promise<Stored | undefined>,
  write: (seen: Stored | undefined) => Promise<Result | undefined>,
): Promise<Result> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const seen = await read();
    assertMet(precondition, seen);
    const result = await write(seen);
    if (result !== undefined) return result;
  }
  throw storeUnavailable(new Error(`changed by others ${MAX_ATTEMPTS} times in a row`));
}

/** @throws DomainError `PRECONDITION_FAILED` */
export function assertMet<Stored>(precondition: Precondition<Stored>, stored: Stored | undefined): void {
  if (!precondition(stored))
    throw new DomainError(
      'PRECONDITION_FAILED',
      'What is stored is not what the request expects. Read it again, and send the change with the ETag that it has now.',
    );
}
