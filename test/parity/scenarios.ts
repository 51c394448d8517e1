import type { Scenario } from '../helpers/scenarios/scenario.ts';
import { stocksScenarios } from './stocks-scenarios.ts';
import { systemScenarios } from './system-scenarios.ts';
import { tasksScenarios } from './tasks-scenarios.ts';
import { votesScenarios } from './votes-scenarios.ts';

/**
 * What every hull answers alike, to a service that starts with the poll `colors` and checks the signatures of Twilio. Each
 * scenario has ids of its own, so that they need no order.
 */
export const parityScenarios: readonly Scenario[] = [
  ...systemScenarios,
  ...votesScenarios,
  ...tasksScenarios,
  ...stocksScenarios,
];
