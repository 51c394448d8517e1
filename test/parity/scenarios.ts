import type { Scenario } from '../helpers/scenarios/scenario.ts';
import { stocksParityScenarios } from './stocks-scenarios.ts';
import { systemParityScenarios } from './system-scenarios.ts';
import { tasksParityScenarios } from './tasks-scenarios.ts';
import { votesParityScenarios } from './votes-scenarios.ts';

/**
 * What every runtime answers alike, to a service that starts with the poll `colors` and checks the signatures of Twilio. Each
 * scenario has ids of its own, so that they need no order.
 */
export const parityScenarios: readonly Scenario[] = [
  ...systemParityScenarios,
  ...votesParityScenarios,
  ...tasksParityScenarios,
  ...stocksParityScenarios,
];
