import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './errors.ts';

type OptionTypes = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads `--name value` arguments.
 *
 * @throws UsageError for an unknown option, a missing value or a stray word
 */
export function readOptions<const T extends OptionTypes>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // Node adds what to do about positional arguments, of which there are none here.
    throw new UsageError(`${(error as Error).message.split(/\. |\n/, 1)[0]?.replace(/\.$/, '')}.`);
  }
}

/** @throws UsageError unless the text is a whole number within the bounds */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  if (!/^\d{1,15}$/.test(text) || Number(text) < min || Number(text) > max)
    throw new UsageError(`--${name} must be a whole number from ${min} to ${max}, not "${text}".`);
  return Number(text);
}

/**
 * @returns a fraction, 0 to 1
 * @throws UsageError unless the text is a percentage
 */
export function percentage(name: string, text: string): number {
  if (!/^\d{1,3}(\.\d+)?$/.test(text) || Number(text) > 100)
    throw new UsageError(`--${name} must be a percentage from 0 to 100, not "${text}".`);
  return Number(text) / 100;
}

/** @throws UsageError unless the text is an http or https address without query */
export function serviceUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash)
    throw new UsageError(`--${name} must be an address such as http://127.0.0.1:8080, not "${text}".`);
  return url;
}
