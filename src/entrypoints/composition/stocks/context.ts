import { stockTableDefinition } from '../../../adapters/dynamodb/stock-store.ts';
import { ConvertAmount } from '../../../domain/stocks/convert-amount.ts';
import { DeleteStock } from '../../../domain/stocks/delete-stock.ts';
import { FindStocks } from '../../../domain/stocks/find-stocks.ts';
import { ListRates } from '../../../domain/stocks/list-rates.ts';
import { PutStock } from '../../../domain/stocks/put-stock.ts';
import { ValueStock } from '../../../domain/stocks/value-stock.ts';
import { check, notices, settings } from '../../config/stocks.ts';
import { problems } from '../../http/stocks/problems.ts';
import { stocksRoutes } from '../../http/stocks/routes.ts';
import { defineContext } from '../context.ts';
import { metrics } from './metrics.ts';
import { stocksModule } from './module.ts';

export const stocks = defineContext({
  name: 'stocks',
  settings,
  check,
  notices,
  module: stocksModule,
  problems,
  metrics,
  tables: (config) => [stockTableDefinition(config.STOCKS_TABLE)],
  routes: (container) =>
    stocksRoutes({
      putStock: container.get(PutStock),
      deleteStock: container.get(DeleteStock),
      findStocks: container.get(FindStocks),
      valueStock: container.get(ValueStock),
      convertAmount: container.get(ConvertAmount),
      listRates: container.get(ListRates),
    }),
});
