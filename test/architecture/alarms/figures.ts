import type { Figures, Samples } from './cloudwatch.ts';

/** What happens goes on from this minute until that; an hour is looked at. */
export const BEGIN = 20;
const END = 40;
const HOUR = 60;

type Value = readonly number[] | undefined;

/** An hour of a metric. @param at its values in a minute; undefined for none */
const hour = (at: (minute: number) => Value): Samples => Array.from({ length: HOUR }, (_, minute) => at(minute) ?? []);
const always = (...values: readonly number[]): Samples => hour(() => values);
const never: Samples = hour(() => undefined);
const isOn = (minute: number): boolean => minute >= BEGIN && minute < END;
/** Something else while the fault is there. */
const meanwhile = (usual: Samples, fault: (minute: number) => Value): Samples =>
  hour((minute) => (isOn(minute) ? fault(minute) : usual[minute]));
const gone = (usual: Samples): Samples => meanwhile(usual, () => undefined);

/** Both templates at night: schedules and sweeps alone. */
const quiet: Figures = {
  'Invocations VotesSweepFunction': always(1),
  'Errors VotesSweepFunction': always(0),
  OldestTaskAge: always(0),
  OldestWorkerTaskAge: always(0),
  'RunningTaskCount WorkerService': always(1),
  'UnHealthyHostCount LoadBalancer': always(0),
};

/** 600 votes and 100 tasks a minute. */
const busy: Figures = {
  ...quiet,
  VotesTaken: always(600),
  'Invocations VotesStreamFunction': always(60),
  VoteLag: always(...Array.from({ length: 60 }, () => 300)),
  'IteratorAge VotesStreamFunction': always(200, 900),
  'IteratorAge TasksStreamFunction': always(150, 700),
  OldestTaskAge: always(2_000),
  OldestWorkerTaskAge: always(1_500),
  TasksDone: always(40, 60),
};

/** Nothing to be told of. */
export const healthy: Readonly<Record<string, Figures>> = {
  'a quiet night': quiet,
  'a busy hour': busy,
  'the first votes after a quiet while': {
    ...quiet,
    VotesTaken: hour((minute) => (minute === 24 ? [1] : undefined)),
    'Invocations VotesStreamFunction': hour((minute) => (minute === 25 ? [1] : undefined)),
    VoteLag: hour((minute) => (minute === 25 ? [900] : undefined)),
  },
  'somebody who sends one vote again and again for ten minutes': {
    ...quiet,
    VotesTaken: hour((minute) => (minute >= 20 && minute < 30 ? [1] : undefined)),
  },
  'a queue for workers outside that nobody works on': { ...busy, OldestTaskAge: always(7_200_000) },
  'more tasks than can be done, of which the newest are done first': {
    ...busy,
    OldestWorkerTaskAge: always(3_600_000),
  },
  'calls of a runner that take seven minutes': {
    ...busy,
    OldestWorkerTaskAge: always(400_000),
    TasksDone: hour((minute) => (minute % 7 === 0 ? [1] : undefined)),
  },
  'single throttles, errors and stale answers': {
    ...busy,
    'WriteThrottleEvents VotesTable': hour((minute) => (minute === 25 ? [4] : undefined)),
    'Errors VotesSweepFunction': hour((minute) => [minute === 25 ? 1 : 0]),
    ApiFailures: hour((minute) => (minute === 25 ? [1, 1] : undefined)),
    'HTTPCode_Target_5XX_Count LoadBalancer': hour((minute) => (minute === 25 ? [2] : undefined)),
    StaleRates: hour((minute) => (minute === 25 ? [1, 1, 1] : undefined)),
    VotesRepaired: hour((minute) => (minute === 25 ? [3] : undefined)),
  },
  'a rolling deployment': {
    ...busy,
    'UnHealthyHostCount LoadBalancer': hour((minute) => [minute === 25 || minute === 26 ? 1 : 0]),
    'RunningTaskCount WorkerService': hour((minute) => [minute === 25 ? 2 : 1]),
  },
};

/** What a check every five minutes finds where the stream brings nothing. */
const repaired = meanwhile(never, (minute) => (minute % 5 === 0 ? [3_000] : undefined));
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
    'VotesIteratorAgeAlarm',
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
    'TasksIteratorAgeAlarm',
  ),
  'Lambda gives up records': raise(
    { 'NumberOfMessagesSent VotesFailureQueue': hour((minute) => (minute === 22 ? [3] : undefined)) },
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
      OldestTaskAge: gone(busy.OldestTaskAge as Samples),
      OldestWorkerTaskAge: gone(busy.OldestWorkerTaskAge as Samples),
      TasksDone: gone(busy.TasksDone as Samples),
      VoteLag: gone(busy.VoteLag as Samples),
      VotesRepaired: repaired,
    },
    'WorkersMissingAlarm',
    'TasksSweepStoppedAlarm',
    'VotesStandStillAlarm',
    'VotesRepairedAlarm',
  ),
  'a worker lives and reads nothing': raise(
    { VoteLag: gone(busy.VoteLag as Samples), VotesRepaired: repaired },
    'VotesStandStillAlarm',
    'VotesRepairedAlarm',
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

/** In both. */
export const commonFaults: Readonly<Record<string, Fault>> = {
  'a queue is stuck': raise(
    {
      OldestTaskAge: growing(always(2_000)),
      OldestWorkerTaskAge: growing(always(1_500)),
      TasksDone: gone(busy.TasksDone as Samples),
    },
    'TasksStandStillAlarm',
  ),
  'the sweep of tasks stopped': raise(
    {
      OldestTaskAge: gone(busy.OldestTaskAge as Samples),
      OldestWorkerTaskAge: gone(busy.OldestWorkerTaskAge as Samples),
    },
    'TasksSweepStoppedAlarm',
  ),
  'tasks fail for good': raise(
    { TasksFailed: hour((minute) => (minute === 22 ? [1] : undefined)) },
    'TasksFailedAlarm',
  ),
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
  'something else writes into the votes table': raise(
    { UnreadableRecords: hour((minute) => (minute === 22 ? [1] : undefined)) },
    'UnreadableRecordsAlarm',
  ),
  'an audit does not agree': raise(
    { TallyDrift: hour((minute) => (minute === 22 ? [2] : undefined)) },
    'TallyDriftAlarm',
  ),
};

/** Two incidents, half an hour apart. */
export const twice = (metric: string): Figures => ({
  ...busy,
  [metric]: hour((minute) => (minute === 10 || minute === 40 ? [1] : undefined)),
});
