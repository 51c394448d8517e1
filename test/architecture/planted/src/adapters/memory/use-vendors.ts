// breaks: aws-stays-home, dashboard-stays-home, decimal-stays-home, fastify-stays-home, http-client-stays-home, inversify-stays-home, prometheus-stays-home, redis-stays-home, sqlite-stays-home, tokens-stays-home, twilio-stays-home, ulid-stays-home, web-stays-home
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DatabaseSync } from '@photostructure/sqlite';
import axios from 'axios';
import Big from 'big.js';
import Fastify from 'fastify';
import type { Redis } from 'ioredis';
import { jwtVerify } from 'jose';
import { html } from 'lit-html';
import type { Counter } from 'prom-client';
import 'reflect-metadata';
import ipaddr from 'ipaddr.js';
import { serializeList } from 'structured-headers';
import type { Static } from 'typebox';
import { ulid } from 'ulid';
import { WebSocketServer } from 'ws';

export const vendors = [axios, Big, DatabaseSync, Fastify, html, ipaddr, jwtVerify, serializeList, ulid, WebSocketServer, import('twilio/lib/twiml/MessagingResponse.js')];
export type Client = DynamoDBClient | Redis | Counter;
export type Body = Static<never>;
