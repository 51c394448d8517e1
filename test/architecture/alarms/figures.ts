import type { Figures, Samples, Sight } from './cloudwatch.ts';

/** What happens goes on from this minute until that. */
export const BEGIN = 40;
const END = 85;
/** All that is looked at. */
export const MINUTES = 150;

/** When figures are seen: at once, and as late as CloudWatch may have them. */
export const sights: Readonly<Record<string, Sight>> = {
  'at once': { lateness: () => 0, lookedBack: 2 },
  'at once, and none further back than an alarm says': { lateness: () => 0, lookedBack: 0 },
  late: {
    // Amazon SQS begins again after fifteen minutes for a queue that nobody used, and both failure queues are such.
    lateness: (metric) => {
      if (metric.startsWith('NumberOfMessagesSent ')) return 15;
      return / \w+Function$|ThrottleEvents /.test(metric) ? 2 : 1;
    },
    lookedBack: 2,
  },
};

type Value = readonly number[] | undefined;

/** @param at the values of a metric in a minute; undefined for none */
const during = (at: (minute: number) => Value): Samples =>
  Array.from({ length: MINUTES }, (_, minute) => at(minute) ?? []);
const always = (...values: readonly number[]): Samples => during(() => values);
const never: Samples = during(() => undefined);
/** Once, while the fault is there. */
const once = (...values: readonly number[]): Samples => during((minute) => (minute === BEGIN + 2 ? values : undefined));
/** @param after how many minutes after each multiple of `every` */
const each = (every: number, after: number, ...values: readonly number[]): Samples =>
  during((minute) => (minute % every === after ? values : undefined));
const isOn = (minute: number): boolean => minute >= BEGIN && minute < END;
/** Something else while the fault is there. */
const meanwhile = (usual: Samples, fault: (minute: number) => Value): Samples =>
  during((minute) => (isOn(minute) ? fault(minute) : usual[minute]));
const gone = (usual: Samples): Samples => meanwhile(usual, () => undefined);

/** Both templates at night: schedules and sweeps alone. */
const quiet: Figures = {
  'Invocations VotesSweepFunction': always(1),
  'Errors VotesSweepFunction': always(0),
  QueuesStuck: always(0),
  QueuesWithDeadLetters: always(0),
  'RunningTaskCount WorkerService': always(1),
  'UnHealthyHostCount LoadBalancer': always(0),
};

/** 600 votes and 100 tasks a minute. */
const busy: Figures = {
  ...quiet,
  VotesTaken: always(600),
  'Invocations VotesStreamFunction': always(60),
  VoteLag: always(300, 400),
  'IteratorAge VotesStreamFunction': always(200, 900),
  'IteratorAge TasksStreamFunction': always(150, 700),
  'Invocations TasksStreamFunction': always(50),
  TaskChanges: always(120, 180),
  TasksDone: always(1, 1),
};

/** Nothing to be told of. */
export const healthy: Readonly<Record<string, Figures>> = {
  'a quiet night': quiet,
  'a busy hour': busy,
  'the first votes after a quiet while': {
    ...quiet,
    VotesTaken: during((minute) => (minute === 44 ? [1] : undefined)),
    'Invocations VotesStreamFunction': during((minute) => (minute === 45 ? [1] : undefined)),
    VoteLag: during((minute) => (minute === 45 ? [900] : undefined)),
  },
  'a vote every five minutes, each folded in the next one': {
    ...quiet,
    VotesTaken: each(5, 4, 1),
    'Invocations VotesStreamFunction': each(5, 0, 1),
    VoteLag: each(5, 0, 900),
  },
  'a task every fifteen minutes, each read in the next one': {
    ...quiet,
    TasksDone: each(15, 14, 1),
    'Invocations TasksStreamFunction': each(15, 0, 1),
    TaskChanges: each(15, 0, 3),
  },
  'a text that comes three times': {
    ...quiet,
    VotesTaken: during((minute) => (minute === 40 ? [1, 1, 1] : undefined)),
  },
  'a queue that has just been resumed': {
    ...busy,
    QueuesStuck: during((minute) => [minute === BEGIN ? 1 : 0]),
  },
  'single throttles, errors and stale answers': {
    ...busy,
    'WriteThrottleEvents VotesTable': once(4),
    'Errors VotesSweepFunction': during((minute) => [minute === BEGIN ? 1 : 0]),
    ApiFailures: once(1, 1),
    'HTTPCode_Target_5XX_Count LoadBalancer': once(2),
    StaleRates: once(1, 1, 1),
    VotesRepaired: once(3),
  },
  'a sweep of tasks that did not go through': {
    ...busy,
    QueuesWithDeadLetters: during((minute) => (minute === BEGIN ? undefined : [0])),
  },
  'a rolling deployment': {
    ...busy,
    'UnHealthyHostCount LoadBalancer': during((minute) => [minute === 45 || minute === 46 ? 1 : 0]),
    'RunningTaskCount WorkerService': during((minute) => [minute === 45 ? 2 : 1]),
  },
};

/** What checks find where the stream brings nothing; the sweep has them five or six minutes apart. */
const repaired = meanwhile(never, (minute) => (minute % 6 === 0 ? [3_000] : undefined));
/** A time that grows by a minute each minute, ms. */
const growing = (usual: Samples) => meanwhile(usual, (minute) => [(minute - BEGIN + 1) * 60_000]);

interface Fault {
  readonly figures: Figures;
  /** Alarms that go off in each template that has the metrics. */
  readonly raised: readonly string[];
}

const raise = (figures: Figures, ...raised: readonly string[]): Fault => ({ figures: { ...busy, ...figures }, raised });

/** On Lambda. */
export const lambdaFaults: Readonly<Record<string, Fault>> = {
  'nobody reads the stream of votes': raise(
    {
      'Invocations VotesStreamFunction': gone(busy['Invocations VotesStreamFunction'] as Samples),
      'IteratorAge VotesStreamFunction': gone(busy['IteratorAge VotesStreamFunction'] as Samples),
      VoteLag: gone(busy.VoteLag as Samples),
      VotesRepaired: repaired,
    },
    'VotesStandStillAlarm',
    'VotesRepairedAlarm',
  ),
  'the fold of votes fails each time': raise(
    {
      'IteratorAge VotesStreamFunction': growing(busy['IteratorAge VotesStreamFunction'] as Samples),
      VotesRepaired: repaired,
    },
    'StreamsBehindAlarm',
    'VotesRepairedAlarm',
  ),
  'the sweep of polls is not called any more': raise(
    { 'Invocations VotesSweepFunction': gone(quiet['Invocations VotesSweepFunction'] as Samples) },
    'VotesSweepStoppedAlarm',
  ),
  'the sweep of polls fails each time': raise(
    { 'Errors VotesSweepFunction': meanwhile(quiet['Errors VotesSweepFunction'] as Samples, () => [1]) },
    'VotesSweepStoppedAlarm',
  ),
  'the stream of tasks is not read in time': raise(
    { 'IteratorAge TasksStreamFunction': growing(busy['IteratorAge TasksStreamFunction'] as Samples) },
    'StreamsBehindAlarm',
  ),
  'Lambda gives up records of votes': raise(
    { 'NumberOfMessagesSent VotesFailureQueue': once(3) },
    'RecordsGivenUpAlarm',
  ),
  'Lambda gives up records of tasks': raise(
    { 'NumberOfMessagesSent TasksFailureQueue': once(1) },
    'RecordsGivenUpAlarm',
  ),
  'Lambda gives up records of flags': raise(
    { 'NumberOfMessagesSent FlagsFailureQueue': once(1) },
    'RecordsGivenUpAlarm',
  ),
  'the API answers with errors': raise(
    { ApiFailures: meanwhile(never, () => [1, 1, 1, 1, 1, 1, 1, 1]) },
    'ApiFailuresAlarm',
  ),
};

/** On Fargate. */
export const fargateFaults: Readonly<Record<string, Fault>> = {
  'the worker is dead': raise(
    {
      'RunningTaskCount WorkerService': gone(quiet['RunningTaskCount WorkerService'] as Samples),
      QueuesStuck: gone(busy.QueuesStuck as Samples),
      QueuesWithDeadLetters: gone(busy.QueuesWithDeadLetters as Samples),
      TasksDone: gone(busy.TasksDone as Samples),
      TaskChanges: gone(busy.TaskChanges as Samples),
      VoteLag: gone(busy.VoteLag as Samples),
      VotesRepaired: repaired,
    },
    'WorkersMissingAlarm',
    'TasksSweepStoppedAlarm',
    'VotesStandStillAlarm',
    'VotesRepairedAlarm',
  ),
  'a worker lives and reads nothing': raise(
    {
      VoteLag: gone(busy.VoteLag as Samples),
      VotesRepaired: repaired,
      TaskChanges: gone(busy.TaskChanges as Samples),
    },
    'VotesStandStillAlarm',
    'VotesRepairedAlarm',
    'TasksStreamStoppedAlarm',
  ),
  'a container does not answer': raise(
    { 'UnHealthyHostCount LoadBalancer': meanwhile(quiet['UnHealthyHostCount LoadBalancer'] as Samples, () => [1]) },
    'UnhealthyContainersAlarm',
  ),
  'no container answers': raise(
    { 'HTTPCode_ELB_5XX_Count LoadBalancer': meanwhile(never, () => [500]) },
    'LoadBalancerFailuresAlarm',
  ),
  'containers answer with errors': raise(
    { 'HTTPCode_Target_5XX_Count LoadBalancer': meanwhile(never, () => [20]) },
    'ApiFailuresAlarm',
  ),
};

/** The mapping of the function is disabled, or no worker gets at the stream. */
const unreadTasks: Figures = {
  'Invocations TasksStreamFunction': gone(busy['Invocations TasksStreamFunction'] as Samples),
  'IteratorAge TasksStreamFunction': gone(busy['IteratorAge TasksStreamFunction'] as Samples),
  TaskChanges: gone(busy.TaskChanges as Samples),
};

/** In both. */
export const commonFaults: Readonly<Record<string, Fault>> = {
  'a queue is stuck, and another one is not': raise(
    { QueuesStuck: meanwhile(busy.QueuesStuck as Samples, () => [1]) },
    'TasksStandStillAlarm',
  ),
  'the sweep of tasks stopped': raise(
    {
      QueuesStuck: gone(busy.QueuesStuck as Samples),
      QueuesWithDeadLetters: gone(busy.QueuesWithDeadLetters as Samples),
    },
    'TasksSweepStoppedAlarm',
  ),
  'the sweep of tasks fails each time': raise(
    { QueuesWithDeadLetters: gone(busy.QueuesWithDeadLetters as Samples) },
    'TasksSweepStoppedAlarm',
  ),
  'nobody reads the stream of tasks': raise(unreadTasks, 'TasksStreamStoppedAlarm'),
  'nobody reads the stream of tasks, which are few, and fail': raise(
    {
      ...unreadTasks,
      TasksDone: each(14, 0, 1),
      'Invocations TasksStreamFunction': meanwhile(each(14, 0, 1), () => undefined),
      TaskChanges: meanwhile(each(14, 0, 3), () => undefined),
      TasksFailed: meanwhile(never, (minute) => (minute % 14 === 0 ? [1] : undefined)),
    },
    'TasksStreamStoppedAlarm',
    'TasksFailedAlarm',
  ),
  'nobody reads the stream of votes, which are few': raise(
    {
      VotesTaken: each(10, 0, 1),
      'Invocations VotesStreamFunction': meanwhile(each(10, 0, 1), () => undefined),
      'IteratorAge VotesStreamFunction': meanwhile(each(10, 0, 200), () => undefined),
      VoteLag: meanwhile(each(10, 0, 300), () => undefined),
      VotesRepaired: meanwhile(never, (minute) => (minute % 10 === 4 ? [1] : undefined)),
    },
    'VotesRepairedAlarm',
  ),
  'tasks fail for good': raise({ TasksFailed: once(1) }, 'TasksFailedAlarm'),
  'the provider of rates is away': raise({ StaleRates: meanwhile(never, () => [1, 1]) }, 'StaleRatesAlarm'),
  'a burst of votes is above what the table takes': raise(
    { 'WriteThrottleEvents VotesTable': meanwhile(never, () => [2_000]) },
    'WriteThrottlesAlarm',
  ),
  'tasks come in faster than their index takes': raise(
    { 'WriteThrottleEvents open': meanwhile(never, () => [2_000]) },
    'WriteThrottlesAlarm',
  ),
  'more people look at one poll than its item bears': raise(
    { 'ReadThrottleEvents TalliesTable': meanwhile(never, () => [900]) },
    'ReadThrottlesAlarm',
  ),
  'something else writes into the votes table': raise({ UnreadableRecords: once(1) }, 'UnreadableRecordsAlarm'),
  'an audit does not agree': raise({ TallyDrift: once(2) }, 'TallyDriftAlarm'),
};

/** Two incidents, an hour apart. */
export const twice = (metric: string): Figures => ({
  ...busy,
  [metric]: during((minute) => (minute === 40 || minute === 100 ? [1] : undefined)),
});
