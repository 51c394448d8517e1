import { type Page, type PageRequest, pageFrom, sortKeyIn } from '../../domain/shared/page.ts';

/**
 * A page of a list that is there as a whole, in the order of its sort keys.
 *
 * @throws DomainError `INVALID_REQUEST` for a text that is no cursor
 */
export function pageOf<Item>(
  list: Iterable<Item>,
  sortKeyOf: (item: Item) => string,
  { limit, cursor }: PageRequest,
  order: 'ascending' | 'descending' = 'ascending',
): Page<Item> {
  const sign = order === 'ascending' ? 1 : -1;
  const compare = (one: string, other: string): number => (one === other ? 0 : one < other ? -sign : sign);
  const after = cursor === undefined ? undefined : sortKeyIn(cursor);
  const rest = [...list]
    .map((item) => ({ item, key: sortKeyOf(item) }))
    .filter(({ key }) => after === undefined || compare(key, after) > 0)
    .sort((one, other) => compare(one.key, other.key));
  return pageFrom(
    rest.map(({ item }) => item),
    limit,
    sortKeyOf,
  );
}
