// breaks: aws-stays-home, fastify-stays-home, inversify-stays-home, twilio-stays-home, ulid-stays-home, web-stays-home
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import Fastify from 'fastify';
import 'reflect-metadata';
import type { Static } from 'typebox';
import { ulid } from 'ulid';

export const vendors = [Fastify, ulid, import('twilio/lib/twiml/MessagingResponse.js')];
export type Client = DynamoDBClient;
export type Body = Static<never>;
