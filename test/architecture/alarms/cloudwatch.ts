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

export const keyOf = ({ MetricName, Dimensions = [] }: Metric): string => {
  const dimension = Dimensions.at(-1)?.Value.replace(/\.\w+$/, '');
  return dimension === undefined ? MetricName : `${MetricName} ${dimension}`;
};

/** The metrics that an alarm rests on. */
export const metricsOf = ({ Metrics, MetricName, Dimensions }: Alarm): Metric[] =>
  Metrics?.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []) ?? [
    { MetricName: MetricName as string, ...(Dimensions ? { Dimensions } : {}) },
  ];

/** How CloudWatch sees figures. */
export interface Sight {
  /** How many minutes after its minute a figure is seen. */
  readonly lateness: (metric: string) => number;
  /** Periods beyond those of an alarm in which it looks for figures in place of missing ones; its pages show two, and promise none. */
  readonly lookedBack: number;
}

/**
 * Plays CloudWatch, which evaluates an alarm every minute, over periods that end with that minute.
 *
 * It fills a series in which there is nothing at all as it fills one with gaps. CloudWatch's pages do not promise that; people
 * who use it so say that it does. No test without an AWS account can show it.
 *
 * @returns for each minute whether the alarm is on; it is off until there are figures of all its periods
 * @throws Error for what it does not understand
 */
export function statesOf(
  alarm: Alarm,
  figures: Figures,
  { lateness, lookedBack }: Sight = { lateness: () => 0, lookedBack: 2 },
): boolean[] {
  const minutes = Math.max(...Object.values(figures).map(({ length }) => length));
  const { EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods } = alarm;
  const isBreach = (value: number): boolean =>
    alarm.ComparisonOperator === 'GreaterThanThreshold' ? value > alarm.Threshold : value < alarm.Threshold;
  const length = minutesPerPeriod(alarm);
  const valueAt = evaluation(alarm, figures, lateness);
  return Array.from({ length: minutes }, (_, minute) => {
    if (minute + 1 < EvaluationPeriods * length) return false;
    const values = Array.from({ length: EvaluationPeriods + lookedBack }, (_, period) =>
      valueAt(minute, minute + 1 - period * length),
    );
    // Where enough is measured, nothing missing counts. A value that was filled in is one that was measured.
    const measured = values.filter((value) => value !== undefined).slice(0, EvaluationPeriods);
    const filled = alarm.TreatMissingData === 'breaching' ? EvaluationPeriods - measured.length : 0;
    return measured.filter(isBreach).length + filled >= DatapointsToAlarm;
  });
}

/** Length of the periods of an alarm, minutes. */
const minutesPerPeriod = ({ Period, Metrics = [] }: Alarm): number => {
  const periods = new Set([Period, ...Metrics.map(({ MetricStat }) => MetricStat?.Period)].filter(Number));
  if (periods.size !== 1) throw new Error(`Periods that differ: ${[...periods]}`);
  return Number([...periods][0]) / 60;
};

/** @returns the value of an alarm for the period that ends before a minute, as far as it is seen in another minute */
function evaluation(
  alarm: Alarm,
  figures: Figures,
  lateness: Sight['lateness'],
): (seenIn: number, end: number) => Value {
  const length = minutesPerPeriod(alarm);
  const read = (metric: Metric, stat: string, seenIn: number, end: number): Value => {
    const seenUntil = Math.min(end, seenIn + 1 - lateness(keyOf(metric)));
    return statistic(
      stat,
      (figures[keyOf(metric)] ?? []).slice(Math.max(0, end - length), Math.max(0, seenUntil)).flat(),
    );
  };
  const [only] = metricsOf(alarm);
  if (!alarm.Metrics) return (seenIn, end) => read(only as Metric, String(alarm.Statistic), seenIn, end);
  const stats = new Map(alarm.Metrics.flatMap(({ Id, MetricStat }) => (MetricStat ? [[Id, MetricStat] as const] : [])));
  const [expression, another] = alarm.Metrics.flatMap(({ Expression }) => Expression ?? []);
  if (expression === undefined || another !== undefined) throw new Error('An alarm has one expression here');
  const latest = Math.max(...metricsOf(alarm).map((metric) => lateness(keyOf(metric))));
  const known = new Map<string, Value>();
  return (seenIn, end) => {
    // Once all is seen of a period, its value stays.
    const period = end <= seenIn + 1 - latest ? `${end}` : `${end} in ${seenIn}`;
    if (!known.has(period))
      known.set(
        period,
        new Expression(expression, (id) => {
          const stat = stats.get(id);
          if (!stat) throw new Error(`There is no ${id} in ${expression}`);
          return read(stat.Metric, stat.Stat, seenIn, end);
        }).value(),
      );
    return known.get(period);
  };
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

/** Undefined where there is none. */
type Value = number | undefined;

/** Operators from the weakest to the strongest. What meets a missing value is missing. */
const OPERATORS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { AND: (a, b) => Number(a !== 0 && b !== 0), OR: (a, b) => Number(a !== 0 || b !== 0) },
  { '>': (a, b) => Number(a > b), '<': (a, b) => Number(a < b), '==': (a, b) => Number(a === b) },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => a / b },
];

/** Metric math for one period: numbers, ids, operators, IF, FILL, and SUM and MAX of a list. */
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
    const listed = { SUM: 'Sum', MAX: 'Maximum' }[token];
    if (listed && isList)
      return statistic(
        listed,
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
