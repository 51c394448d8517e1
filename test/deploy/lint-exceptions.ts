export type Linter = 'cfn-lint' | 'cfn-lint-serverless' | 'checkov';

/** What a linter may find, and why that stays. */
export interface LintException {
  readonly linter: Linter;
  readonly rule: string;
  /** Names of resources. */
  readonly places: RegExp;
  readonly reason: string;
}

const except = (linter: Linter, rule: string, places: RegExp, reason: string): LintException => ({
  linter,
  rule,
  places,
  reason,
});

export const exceptions: readonly LintException[] = [
  except(
    'cfn-lint-serverless',
    'WS1000',
    /Function$/,
    'lines carry the trace id; traces themselves would cost each request',
  ),
  except('cfn-lint-serverless', 'WS1004', /Function$/, 'false: LoggingConfig names a group that the template makes'),
  except(
    'cfn-lint-serverless',
    'ES6000',
    /FailureQueue$/,
    'they are what others would have as their dead-letter queue',
  ),
  except('cfn-lint-serverless', 'ES1007', /(Sweep|Processor)Function$/, 'the next minute makes up for what is lost'),
  except('cfn-lint-serverless', 'ES4000', /SweepFunction$/, 'the next minute makes up for what is lost'),
  except('cfn-lint-serverless', 'ES2000', /^SocketStage$/, 'a log of it would need a role that is the whole account’s'),
  except(
    'checkov',
    'CKV_AWS_115',
    /Function$/,
    'accounts with the small starting quota cannot reserve any concurrency',
  ),
  except('checkov', 'CKV_AWS_116', /Function$/, 'streams have failure queues, the API answers, and sweeps come again'),
  except('checkov', 'CKV_AWS_117', /Function$/, 'what they call is outside a VPC; the API can be put into one'),
  except('checkov', 'CKV_AWS_119', /Table$/, 'a key that AWS owns encrypts them; one of your own is your choice'),
  except('checkov', 'CKV_AWS_149', /Secret$/, 'the same; a secret of your own may have any key'),
  except('checkov', 'CKV_AWS_158', /Group$/, 'the same, and no log holds a secret'),
  except('checkov', 'CKV_AWS_173', /Function$/, 'no secret is in their environment, only where secrets are'),
  except('checkov', 'CKV_AWS_26', /^WakeUpsTopic$/, 'messages hold a number of rounds'),
  except('checkov', 'CKV_AWS_27', /FailureQueue$/, 'false: SqsManagedSseEnabled encrypts them'),
  except('checkov', 'CKV_AWS_2', /^HttpListener$/, 'it redirects; without a certificate it is for trying out'),
  except('checkov', 'CKV_AWS_103', /^HttpListener$/, 'it has no TLS: it redirects to the one that has'),
  except(
    'checkov',
    'CKV_AWS_260',
    /^LoadBalancerSecurityGroup$/,
    'the public calls the load balancer, and is redirected',
  ),
  except(
    'checkov',
    'CKV_AWS_23',
    /^LoadBalancerSecurityGroup$/,
    'it does not read the description of a rule under a condition',
  ),
  except('checkov', 'CKV_AWS_18', /^LoadBalancerLogs$/, 'it is a log itself'),
  except('checkov', 'CKV_AWS_21', /^LoadBalancerLogs$/, 'lines of a log are written once'),
  except('checkov', 'CKV_AWS_95', /^SocketStage$/, "a log of it would need a role that is the whole account's"),
  except('checkov', 'CKV_AWS_28', /^LeasesTable$/, 'it is made anew from nothing'),
  except(
    'checkov',
    'CKV_AWS_31',
    /^Redis$/,
    'containers alone reach it, over TLS, and it holds rates and what keys of limits have taken',
  ),
];
