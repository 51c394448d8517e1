import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { ApiGatewayV2Client, CreateIntegrationCommand, CreateRouteCommand } from '@aws-sdk/client-apigatewayv2';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateListStackResources,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient, type KeySchemaElement } from '@aws-sdk/client-dynamodb';
import { GetRolePolicyCommand, IAMClient, ListRolePoliciesCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  type EventSourceMappingConfiguration,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { encode, type HttpAnswer, type HttpRequest, textOf } from '../helpers/http.ts';
import type { HostedFunction, PolicyDocument } from './least-privilege.ts';
import { ACCOUNT, type MiniStack, ROOT } from './ministack.ts';

const STACK = 'portside';

/** What the test says to the emulated AWS, as its root user. */
export const clientOptions = (endpoint: string) => ({
  endpoint,
  region: ROOT.AWS_REGION,
  credentials: { accessKeyId: ROOT.AWS_ACCESS_KEY_ID, secretAccessKey: ROOT.AWS_SECRET_ACCESS_KEY },
});

interface Operation {
  readonly 'x-amazon-apigateway-integration': {
    readonly uri: { readonly 'Fn::Sub': string };
    readonly payloadFormatVersion: string;
  };
}

interface ProcessedTemplate {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties: { readonly Body?: { readonly paths: Paths } } }>
  >;
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

/** The stack in the emulator. */
export class DeployedStack {
  readonly tables: DynamoDBDocumentClient;
  private readonly lambda: LambdaClient;
  private readonly iam: IAMClient;

  private constructor(
    private readonly aws: MiniStack,
    private readonly resources: ReadonlyMap<string, StackResourceSummary>,
    readonly outputs: Readonly<Record<string, string>>,
    private readonly name: string,
  ) {
    const options = clientOptions(aws.endpoint);
    this.tables = DynamoDBDocumentClient.from(new DynamoDBClient(options));
    this.lambda = new LambdaClient(options);
    this.iam = new IAMClient(options);
  }

  static async find(aws: MiniStack, name = STACK): Promise<DeployedStack> {
    const client = new CloudFormationClient(clientOptions(aws.endpoint));
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
    const outputs = Stacks?.[0]?.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]) ?? [];
    const resources = new Map<string, StackResourceSummary>();
    for await (const page of paginateListStackResources({ client }, { StackName: name }))
      for (const resource of page.StackResourceSummaries ?? [])
        resources.set(resource.LogicalResourceId as string, resource);
    return new DeployedStack(aws, resources, Object.fromEntries(outputs), name);
  }

  /** The name that AWS gave to a resource of the template. */
  nameOf(resource: string): string {
    const name = this.resources.get(resource)?.PhysicalResourceId;
    if (!name) throw new Error(`The stack has no ${resource}`);
    return name;
  }

  functionArn = (name: string): string => `arn:aws:lambda:${ROOT.AWS_REGION}:${ACCOUNT}:function:${this.nameOf(name)}`;

  roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${this.nameOf(name)}`;

  /** The names in the template of all resources of a type. */
  namesOf = (type: string): string[] =>
    [...this.resources.values()]
      .filter(({ ResourceType }) => ResourceType === type)
      .map(({ LogicalResourceId }) => LogicalResourceId as string);

  /** The emulator makes the HTTP API without what its OpenAPI body says: this makes the integrations and routes of it. */
  async importRoutes(): Promise<void> {
    const options = clientOptions(this.aws.endpoint);
    const getTemplate = new GetTemplateCommand({ StackName: this.name, TemplateStage: 'Processed' });
    const { TemplateBody } = await new CloudFormationClient(options).send(getTemplate);
    const { Resources } = JSON.parse(TemplateBody as string) as ProcessedTemplate;
    const apis = new ApiGatewayV2Client(options);
    for (const [name, { Properties }] of Object.entries(Resources))
      for (const [path, operations] of Object.entries(Properties?.Body?.paths ?? {}))
        for (const [method, operation] of Object.entries(operations)) {
          const { uri, payloadFormatVersion } = operation['x-amazon-apigateway-integration'];
          const target = /functions\/\$\{(\w+)\.Arn\}\//.exec(uri['Fn::Sub'])?.[1] as string;
          const { IntegrationId } = await apis.send(
            new CreateIntegrationCommand({
              ApiId: this.nameOf(name),
              IntegrationType: 'AWS_PROXY',
              IntegrationUri: this.functionArn(target),
              PayloadFormatVersion: payloadFormatVersion,
            }),
          );
          const RouteKey = path === '/$default' ? '$default' : `${ANY_OF[method] ?? method.toUpperCase()} ${path}`;
          const Target = `integrations/${IntegrationId}`;
          await apis.send(new CreateRouteCommand({ ApiId: this.nameOf(name), RouteKey, Target }));
        }
  }

  /** Sends a request to the HTTP API, whose host is known to the emulator alone. */
  send = async (sent: HttpRequest): Promise<HttpAnswer> => {
    const { method, url: path, headers, body } = encode(sent);
    const { host } = new URL(this.outputs.ApiUrl as string);
    return new Promise((resolve, reject) => {
      const length = body ? { 'content-length': body.length } : {};
      request(
        { host: '127.0.0.1', port: this.aws.port, method, path, headers: { ...headers, ...length, host } },
        async (answer) => {
          const { statusCode: status = 0, headers } = answer;
          resolve({ status, headers: headers as HttpAnswer['headers'], body: textOf(await buffer(answer)) });
        },
      )
        .on('error', reject)
        .end(body);
    });
  };

  /** The key of the administrator that the stack has made. */
  async adminKey(): Promise<string> {
    const secrets = new SecretsManagerClient(clientOptions(this.aws.endpoint));
    const { SecretString } = await secrets.send(
      new GetSecretValueCommand({ SecretId: this.outputs.ApiKeysSecretArn as string }),
    );
    return (JSON.parse(SecretString as string) as { admin: string }).admin;
  }

  /** With which calls are made in the name of a role. */
  async credentialsOf(role: string) {
    const sts = new STSClient(clientOptions(this.aws.endpoint));
    const assume = new AssumeRoleCommand({ RoleArn: this.roleArn(role), RoleSessionName: 'test' });
    const { Credentials } = await sts.send(assume);
    return {
      accessKeyId: Credentials?.AccessKeyId as string,
      secretAccessKey: Credentials?.SecretAccessKey as string,
      sessionToken: Credentials?.SessionToken as string,
    };
  }

  /** Calls a function. @throws Error with what it threw */
  async invoke<Result>(name: string, event: object): Promise<Result> {
    const Payload = JSON.stringify(event);
    const answer = await this.lambda.send(new InvokeCommand({ FunctionName: this.nameOf(name), Payload }));
    const payload = answer.Payload?.transformToString() ?? '';
    if (answer.FunctionError) throw new Error(payload);
    return JSON.parse(payload) as Result;
  }

  /** How a function is fed by a stream. */
  async mappingOf(name: string): Promise<EventSourceMappingConfiguration> {
    const list = new ListEventSourceMappingsCommand({ FunctionName: this.nameOf(name) });
    return (await this.lambda.send(list)).EventSourceMappings?.[0] as EventSourceMappingConfiguration;
  }

  /** Does something while a stream does not feed a function. */
  async withoutMapping(name: string, action: () => Promise<void>): Promise<void> {
    const { UUID } = await this.mappingOf(name);
    await this.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    try {
      await action();
    } finally {
      await this.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    }
  }

  /** @param seconds after which Lambda ends a call of the function */
  async limitTime(name: string, seconds: number): Promise<void> {
    const change = new UpdateFunctionConfigurationCommand({ FunctionName: this.nameOf(name), Timeout: seconds });
    await this.lambda.send(change);
  }

  /** Gives a function another value of one of its settings. */
  async set(name: string, setting: string, value: string): Promise<void> {
    const FunctionName = this.nameOf(name);
    const { Environment } = await this.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    const Variables = { ...Environment?.Variables, [setting]: value };
    await this.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
  }

  async policiesOf(role: string): Promise<ReadonlyMap<string, PolicyDocument>> {
    const RoleName = this.nameOf(role);
    const { PolicyNames = [] } = await this.iam.send(new ListRolePoliciesCommand({ RoleName }));
    const documents = PolicyNames.map(async (PolicyName) => {
      const { PolicyDocument } = await this.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      return [PolicyName, JSON.parse(decodeURIComponent(PolicyDocument as string)) as PolicyDocument] as const;
    });
    return new Map(await Promise.all(documents));
  }

  async putPolicy(role: string, name: string, document: PolicyDocument): Promise<void> {
    const PolicyDocument = JSON.stringify(document);
    await this.iam.send(new PutRolePolicyCommand({ RoleName: this.nameOf(role), PolicyName: name, PolicyDocument }));
  }

  /** Partition keys of the tables, and of their indexes as `table/index`. */
  async partitionKeys(): Promise<Map<string, string>> {
    const keyIn = (schema: readonly KeySchemaElement[] = []) =>
      schema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName as string;
    const tables = this.namesOf('AWS::DynamoDB::Table').map(async (table) => {
      const TableName = this.nameOf(table);
      const { Table } = await this.tables.send(new DescribeTableCommand({ TableName }));
      const indexes = (Table?.GlobalSecondaryIndexes ?? []).map(
        ({ IndexName, KeySchema }) => [`${TableName}/${IndexName}`, keyIn(KeySchema)] as const,
      );
      return [[TableName, keyIn(Table?.KeySchema)] as const, ...indexes];
    });
    return new Map((await Promise.all(tables)).flat());
  }

  /** What Lambda knows of each function. */
  hostedFunctions = (): Promise<HostedFunction[]> =>
    Promise.all(
      this.namesOf('AWS::Lambda::Function').map(async (name) => {
        const FunctionName = this.nameOf(name);
        const { LoggingConfig } = await this.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
        const mapping = await this.mappingOf(name);
        return {
          role: roleOf(name),
          logGroup: LoggingConfig?.LogGroup as string,
          stream: mapping?.EventSourceArn,
          onFailure: mapping?.DestinationConfig?.OnFailure?.Destination,
        };
      }),
    );

  /**
   * Whose calls they are: the role of each function by the access key of its calls. The emulator derives the key from
   * the function and its role.
   */
  rolesByAccessKey(): Map<string, string> {
    const keys = this.namesOf('AWS::Lambda::Function').map((name) => {
      const role = roleOf(name);
      const digest = createHash('sha256')
        .update(`${this.functionArn(name)}:${this.roleArn(role)}`)
        .digest('hex');
      return [`ASIA${digest.slice(0, 16).toUpperCase()}`, role] as const;
    });
    return new Map(keys);
  }
}

/** The template names the role of a function after the function. */
export const roleOf = (functionName: string): string => functionName.replace(/Function$/, 'Role');

const ANY_OF: Readonly<Record<string, string>> = { 'x-amazon-apigateway-any-method': 'ANY' };
