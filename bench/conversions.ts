/**
 * Converts a million random amounts and compares each with a second decimal library, digit for digit:
 *
 *     npm run bench -- conversions [count] [seed]
 */
import { convert } from '../src/domain/stocks/money.ts';
import { conversionCases, conversionMismatches } from '../test/helpers/conversions.ts';

const count = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 20_261_121);

const mismatches = conversionMismatches(count, seed);
console.log(`${count} conversions with seed ${seed}: ${mismatches.length} differ`);
for (const mismatch of mismatches.slice(0, 20)) console.log(mismatch);

const cases = [...conversionCases(Math.min(count, 100_000), seed)];
const start = performance.now();
for (const { amount, from, to, currency, rounding } of cases) convert(amount, from, to, currency, rounding);
console.log(`${(((performance.now() - start) / cases.length) * 1_000).toFixed(2)} µs a conversion`);
process.exitCode = mismatches.length === 0 ? 0 : 1;
