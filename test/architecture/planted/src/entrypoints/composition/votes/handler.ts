import type { DynamoDBStreamEvent } from 'aws-lambda';
import { votesModule } from './module.ts';

export const handler = (event: DynamoDBStreamEvent) => [event, votesModule];
