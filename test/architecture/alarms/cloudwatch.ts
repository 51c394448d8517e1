/** What was measured of one metric: for each minute its values, none where nothing was. */
export type Samples = readonly (readonly number[])[];

/** By name of the metric, with the value of its last dimension where it has any: `Invocations VotesStreamFunction`. */
export type Figures = Readonly<Record<string, Samples>>;

interface Metric {
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Value: string }[];
}

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: { readonly Metric: Metric; readonly Stat: string; readonly Period: number };
}

/** Properties of `AWS::CloudWatch::Alarm`. */
export interface Alarm extends Partial<Metric> {
  readonly Metrics?: readonly MetricQuery[];
  readonly Statistic?: string;
  readonly Period?: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator: 'GreaterThanThreshold' | 'LessThanThreshold';
  readonly TreatMissingData: 'breaching' | 'notBreaching';
}

/** A value for each period; undefined where there is none. */
type Series = readonly (number | undefined)[];

export const keyOf = ({ MetricName, Dimensions = [] }: Metric): string => {
  const dimension = Dimensions.at(-1)?.Value.replace(/\.\w+$/, '');
  return dimension === undefined ? MetricName : `${MetricName} ${dimension}`;
};

/** The metrics that an alarm rests on. */
export const metricsOf = ({ Metrics, MetricName, Dimensions }: Alarm): Metric[] =>
  Metrics?.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []) ?? [
    { MetricName: MetricName as string, ...(Dimensions ? { Dimensions } : {}) },
  ];

/**
 * Plays CloudWatch: evaluates an alarm over figures.
 *
 * It fills a series in which there is nothing at all as it fills one with gaps. CloudWatch's pages do not promise that; people
 * who use it so say that it does. No test without an AWS account can show it.
 *
 * @returns for each period whether the alarm is on
 * @throws Error for what it does not understand
 */
export function statesOf(alarm: Alarm, figures: Figures): boolean[] {
  const minutes = Math.max(...Object.values(figures).map(({ length }) => length));
  const values = valuesOf(alarm, figures, minutes);
  const { EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods } = alarm;
  const breaches = values.map((value) => {
    if (value === undefined) return alarm.TreatMissingData === 'breaching';
    return alarm.ComparisonOperator === 'GreaterThanThreshold' ? value > alarm.Threshold : value < alarm.Threshold;
  });
  return breaches.map((_, index) => {
    const window = breaches.slice(Math.max(0, index + 1 - EvaluationPeriods), index + 1);
    return window.filter(Boolean).length >= DatapointsToAlarm;
  });
}

/** Length of the periods of an alarm, minutes. */
export const minutesPerPeriod = ({ Period, Metrics = [] }: Alarm): number => {
  const periods = new Set([Period, ...Metrics.map(({ MetricStat }) => MetricStat?.Period)].filter(Number));
  if (periods.size !== 1) throw new Error(`Periods that differ: ${[...periods]}`);
  return Number([...periods][0]) / 60;
};

function valuesOf(alarm: Alarm, figures: Figures, minutes: number): Series {
  const period = minutesPerPeriod(alarm);
  const read = (metric: Metric, stat: string): Series => {
    const samples = figures[keyOf(metric)] ?? [];
    return Array.from({ length: Math.ceil(minutes / period) }, (_, index) =>
      statistic(stat, samples.slice(index * period, (index + 1) * period).flat()),
    );
  };
  if (!alarm.Metrics) return read(metricsOf(alarm)[0] as Metric, String(alarm.Statistic));
  const series = new Map(
    alarm.Metrics.flatMap(({ Id, MetricStat }) =>
      MetricStat ? [[Id, read(MetricStat.Metric, MetricStat.Stat)] as const] : [],
    ),
  );
  const expressions = alarm.Metrics.flatMap(({ Expression }) => Expression ?? []);
  if (expressions.length !== 1) throw new Error('An alarm has one expression here');
  return Array.from({ length: Math.ceil(minutes / period) }, (_, index) =>
    new Expression(expressions[0] as string, (id) => {
      if (!series.has(id)) throw new Error(`There is no ${id} in ${expressions[0]}`);
      return series.get(id)?.[index];
    }).value(),
  );
}

function statistic(stat: string, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  switch (stat) {
    case 'Sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'SampleCount':
      return values.length;
    case 'Maximum':
      return Math.max(...values);
    case 'Minimum':
      return Math.min(...values);
    default:
      throw new Error(`Nobody computes ${stat}`);
  }
}

type Value = number | undefined;

/** Operators from the weakest to the strongest. What meets a missing value is missing. */
const OPERATORS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { AND: (a, b) => Number(a !== 0 && b !== 0), OR: (a, b) => Number(a !== 0 || b !== 0) },
  { '>': (a, b) => Number(a > b), '<': (a, b) => Number(a < b), '==': (a, b) => Number(a === b) },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / b },
];

/** Metric math for one period: numbers, ids, operators, IF, FILL and SUM of a list. */
class Expression {
  private readonly tokens: string[];

  constructor(
    private readonly text: string,
    private readonly read: (id: string) => Value,
  ) {
    this.tokens = text.match(/==|[-+*/<>(),[\]]|\w+/g) ?? [];
  }

  value(): Value {
    const value = this.operation(0);
    if (this.tokens.length > 0) throw this.misunderstood();
    return value;
  }

  private operation(level: number): Value {
    const operators = OPERATORS[level];
    if (!operators) return this.term();
    let left = this.operation(level + 1);
    for (let operator = operators[this.tokens[0] ?? '']; operator; operator = operators[this.tokens[0] ?? '']) {
      this.tokens.shift();
      const right = this.operation(level + 1);
      left = left === undefined || right === undefined ? undefined : operator(left, right);
    }
    return left;
  }

  private term(): Value {
    const token = this.tokens.shift() ?? '';
    if (/^\d+$/.test(token)) return Number(token);
    if (!this.isNext('(')) return this.read(token);
    this.take('(');
    const isList = this.isNext('[');
    if (isList) this.take('[');
    const values = [this.operation(0)];
    while (this.isNext(',')) {
      this.take(',');
      values.push(this.operation(0));
    }
    if (isList) this.take(']');
    this.take(')');
    const [first, second, third] = values;
    if (token === 'SUM' && isList)
      return statistic(
        'Sum',
        values.filter((value) => value !== undefined),
      );
    if (token === 'FILL' && values.length === 2) return first ?? second;
    if (token === 'IF' && values.length === 3) return first === undefined ? undefined : first !== 0 ? second : third;
    throw this.misunderstood();
  }

  private isNext = (token: string): boolean => this.tokens[0] === token;

  private take(token: string): void {
    if (this.tokens.shift() !== token) throw this.misunderstood();
  }

  private misunderstood = (): Error => new Error(`Nobody evaluates ${this.text}`);
}
