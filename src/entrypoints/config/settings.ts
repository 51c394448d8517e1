/** One environment variable: what it means, what it is when unset, and how its text becomes a value. */
export interface Setting<T> {
  readonly meaning: string;
  /** Parsed in place of a variable that is unset or empty. Without one, such a value is undefined. */
  readonly fallback?: string;
  /** Of a table: what follows `TABLE_PREFIX` in its name when the variable is unset. */
  readonly tableSuffix?: string;
  /** @throws Error with a message that continues "NAME …", such as "must be a whole number" */
  parse(text: string): T;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

export type Values<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends
    | { fallback: string; parse(text: string): infer T }
    | { tableSuffix: string; parse(text: string): infer T }
    ? T
    : S[Name] extends Setting<infer T>
      ? T | undefined
      : never;
};

const demand = (holds: boolean, message: string): void => {
  if (!holds) throw new Error(message);
};

export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    demand(
      /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max,
      `must be a whole number, ${min} to ${max}`,
    );
    return Number(text);
  };

export const oneOf =
  <const T extends string>(...values: readonly T[]) =>
  (text: string): T => {
    demand((values as readonly string[]).includes(text), `must be one of: ${values.join(', ')}`);
    return text as T;
  };

export const matching =
  (pattern: RegExp, message: string) =>
  (text: string): string => {
    demand(pattern.test(text), message);
    return text;
  };

/**
 * Comma-separated; white space around an item does not count.
 *
 * @throws Error that names every bad item by its place
 */
export const listOf =
  <T>(item: (text: string) => T) =>
  (text: string): readonly T[] => {
    const parts = text.split(',');
    const places = new Map<string, number[]>();
    const items = parts.map((part, index) => {
      try {
        return item(part.trim());
      } catch (error) {
        const { message } = error as Error;
        places.set(message, [...(places.get(message) ?? []), index + 1]);
        return undefined as never;
      }
    });
    const of = (numbers: readonly number[]): string =>
      parts.length === 1 ? '' : ` (item ${numbers.join(', ')} of ${parts.length})`;
    const problems = [...places].map(([message, numbers]) => message + of(numbers));
    if (problems.length > 0) throw new Error(problems.join(', '));
    return items;
  };

/** An address in front of paths. It is kept as it is spelled, but for a closing slash. */
export const baseUrl = (text: string): string => {
  demand(
    /^https?:\/\/[^\s/?#\\]+(\/[^\s?#\\]*)?$/i.test(text) && URL.canParse(text),
    'must be an address that begins with http:// or https:// and has no query',
  );
  return text.replace(/\/+$/, '');
};

/** An origin as browsers name it, or `*` for all. */
export const origin = (text: string): string => {
  demand(
    text === '*' || (/^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text),
    'must be * or an origin as a browser names it: https:// or http:// and a host in lower case, with no path',
  );
  return text;
};

/** An origin that `frame-ancestors` of a content security policy can name. */
export const frameOrigin = (text: string): string => {
  demand(
    /^https?:\/\/[a-z0-9._-]+(:\d+)?$/.test(text) && URL.canParse(text) && new URL(text).origin === text,
    'must be an origin as a browser names it: https:// or http:// and a host in lower case, with no path',
  );
  return text;
};

/** An address to write to or to call; one of mail may stand without its scheme. */
export const contact = (text: string): string => {
  const uri = /^[^\s:/@]+@[^\s:/@]+$/.test(text) ? `mailto:${text}` : text;
  const isContact = /^(mailto:|https:\/\/|tel:)[\x21-\x7e]+$/.test(uri) && URL.canParse(uri);
  demand(isContact, 'must be a mailto:, https: or tel: address');
  return uri;
};

/** The name of a DynamoDB table. @param holds what it is a table of */
export const table = <const Suffix extends string>(suffix: Suffix, holds: string) => ({
  meaning: `Table of ${holds}; \`<prefix>${suffix}\` unless set.`,
  tableSuffix: suffix,
  parse: matching(/^[A-Za-z0-9_.-]{3,255}$/, 'must be the name of a table'),
});
