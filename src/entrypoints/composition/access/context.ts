import { policyTableDefinition } from '../../../adapters/dynamodb/policy-store.ts';
import { DeletePolicy } from '../../../domain/access/delete-policy.ts';
import { ExplainDecision } from '../../../domain/access/explain-decision.ts';
import { FindPolicies } from '../../../domain/access/find-policies.ts';
import { PutPolicy } from '../../../domain/access/put-policy.ts';
import { ReadAccess } from '../../../domain/access/read-access.ts';
import { settings } from '../../config/access.ts';
import { authorizeByPolicies } from '../../http/access/authorize.ts';
import { problems } from '../../http/access/problems.ts';
import { accessRoutes } from '../../http/access/routes.ts';
import { system } from '../compose.ts';
import { defineContext } from '../context.ts';
import { checkStore } from './check-store.ts';
import { accessModule, ports } from './module.ts';
import { tokenGuards } from './tokens.ts';

export const access = defineContext({
  name: 'access',
  settings,
  checkStore,
  module: accessModule,
  problems,
  tables: (config) => [policyTableDefinition(config.POLICIES_TABLE)],
  routes: (container, _, keyNames) => {
    const changing = {
      store: container.get(ports.policies),
      inForce: container.get(ports.inForce),
      clock: container.get(system.clock),
      elapsed: container.get(ports.elapsed),
      propagation: container.get(ports.propagation),
      keyNames,
    };
    return accessRoutes({
      putPolicy: new PutPolicy(changing),
      deletePolicy: new DeletePolicy(changing),
      findPolicies: container.get(FindPolicies),
      readAccess: container.get(ReadAccess),
      explainDecision: container.get(ExplainDecision),
    });
  },
  guards: (container, config) => ({
    ...tokenGuards(container, config),
    ...authorizeByPolicies(container.get(ports.inForce), container.get(system.clock)),
  }),
});
