import type { Container } from 'inversify';
import { stockTableDefinition } from '../../../adapters/dynamodb/stock-store.ts';
import { problems } from '../../http/stocks/problems.ts';
import { stocksRoutes } from '../../http/stocks/routes.ts';
import type { Context } from '../context.ts';
import { stocksModule, useCases } from './module.ts';
import { check, notices, settings, stocksTable } from './settings.ts';

export const stocks: Context<typeof settings> = {
  name: 'stocks',
  settings,
  check,
  notices,
  module: stocksModule,
  problems,
  tables: (config) => [stockTableDefinition(stocksTable(config))],
  routes: (container: Container) =>
    stocksRoutes({
      putStock: container.get(useCases.putStock),
      deleteStock: container.get(useCases.deleteStock),
      findStocks: container.get(useCases.findStocks),
      valueStock: container.get(useCases.valueStock),
      convertAmount: container.get(useCases.convertAmount),
      listRates: container.get(useCases.listRates),
    }),
  loops: () => [],
};
