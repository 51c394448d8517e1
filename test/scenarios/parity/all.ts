import type { Scenario } from '../scenario.ts';
import { accessParityScenarios } from './access.ts';
import { flagsParityScenarios } from './flags.ts';
import { limitsParityScenarios } from './limits.ts';
import { stocksParityScenarios } from './stocks.ts';
import { systemParityScenarios } from './system.ts';
import { tasksParityScenarios } from './tasks.ts';
import { votesParityScenarios } from './votes.ts';

/**
 * What every runtime answers alike, to a service that starts with the poll `colors` and checks the signatures of Twilio. Each
 * scenario has ids of its own, so that they need no order.
 */
export const parityScenarios: readonly Scenario[] = [
  ...systemParityScenarios,
  ...votesParityScenarios,
  ...tasksParityScenarios,
  ...stocksParityScenarios,
  ...accessParityScenarios,
  ...limitsParityScenarios,
  ...flagsParityScenarios,
];
