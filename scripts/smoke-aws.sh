#!/usr/bin/env bash
# Tries the stack on Lambda in an AWS account, and what no emulator shows: some half an hour, under a dollar.
#   scripts/smoke-aws.sh            makes the stack portside-smoke-<time> in AWS_REGION and takes everything away at the end
# Needs credentials that may deploy (AWS_PROFILE or AWS_ACCESS_KEY_ID …), AWS_REGION, and aws, sam, curl, jq and node.
# Settings: SMOKE_STEPS (default "1 2 3 4 5 6 7 8"), SMOKE_API (address of the API, where it is not the stack's output),
#   SMOKE_FARGATE_STACK and SMOKE_REDIS (steps 5 to 7: a stack of deploy/fargate.yaml that runs, and its replication group).
# Ends with 0 if every step that it tried did as it should, else with 1.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

need() {
  echo "smoke-aws: $1" >&2
  exit 1
}
for program in aws sam curl jq node; do command -v "$program" >/dev/null || need "the program $program is missing"; done
[ -n "${AWS_REGION:-}" ] || need 'AWS_REGION is not set: name the region to deploy into'
export AWS_DEFAULT_REGION=$AWS_REGION
aws sts get-caller-identity >/dev/null 2>&1 ||
  need 'there are no credentials that AWS takes: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, of a user who may deploy'

stack=portside-smoke-$(date -u +%H%M%S)
steps=" ${SMOKE_STEPS:-1 2 3 4 5 6 7 8} "
work=$(mktemp -d)
failures=()
tables=()
secrets=()

# Also when it is interrupted. Tables and the voter key outlive a stack, so they go by name.
take_away() {
  trap - EXIT INT TERM
  echo '--- taking everything away'
  aws cloudformation delete-stack --stack-name "$stack" && aws cloudformation wait stack-delete-complete --stack-name "$stack"
  for table in ${tables[@]+"${tables[@]}"}; do
    aws dynamodb delete-table --table-name "$table" >/dev/null || failures+=("the table $table is left")
  done
  for secret in ${secrets[@]+"${secrets[@]}"}; do
    aws secretsmanager delete-secret --secret-id "$secret" --force-delete-without-recovery >/dev/null 2>&1 || true
  done
  rm -rf "$work"
  if [ ${#failures[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failures[@]}"
    echo 'verdict: NOT as it should be'
    exit 1
  fi
  echo 'verdict: as it should be'
  exit "${1:-0}"
}
trap 'failures+=("interrupted"); take_away' INT TERM
trap 'take_away' EXIT

has() { [[ $steps == *" $1 "* ]]; }
fail() {
  echo "FAILED: $1"
  failures+=("$1")
}
# within SECONDS WHAT COMMAND…: until the command succeeds.
within() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ $SECONDS -lt $end ] || { fail "$what"; return 1; }
    sleep 2
  done
  echo "ok: $what"
}
resource() {
  aws cloudformation describe-stack-resource --stack-name "$stack" --logical-resource-id "$1" \
    --query StackResourceDetail.PhysicalResourceId --output text
}
output() {
  aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text
}
# call METHOD PATH [BODY]: prints the body. @returns whether it is 2xx
call() {
  local body=()
  [ $# -lt 3 ] || body=(-H 'content-type: application/json' -d "$3")
  curl -sf -m 30 -X "$1" "$api$2" -H "authorization: Bearer $key" ${body[@]+"${body[@]}"}
}
votes_of() { call GET "/polls/$1/results" | jq -e ".total == $2" >/dev/null; }
is_on() {
  [ "$(aws cloudwatch describe-alarms --alarm-names "$(resource "$1")" --query 'MetricAlarms[0].StateValue' --output text)" = ALARM ]
}
mapping() { aws lambda list-event-source-mappings --function-name "$(resource VotesStreamFunction)" --query 'EventSourceMappings[0].UUID' --output text; }

echo "--- 1 deploys $stack with defaults, then votes"
PATH=$PWD/node_modules/.bin:$PATH sam build --build-dir "$work/build" >"$work/build.log" 2>&1 || { tail -20 "$work/build.log"; fail 'sam build'; exit 1; }
sam deploy --template-file "$work/build/template.yaml" --stack-name "$stack" --resolve-s3 --capabilities CAPABILITY_IAM \
  --no-confirm-changeset >"$work/deploy.log" 2>&1 || { tail -40 "$work/deploy.log"; fail 'sam deploy in this account'; exit 1; }
while read -r table; do tables+=("$table"); done < <(aws cloudformation list-stack-resources --stack-name "$stack" --output text \
  --query "StackResourceSummaries[?ResourceType=='AWS::DynamoDB::Table'].PhysicalResourceId" | tr '\t' '\n')
secrets+=("$(resource VoterKeySecret)")
api=${SMOKE_API:-$(output ApiUrl)}
key=$(aws secretsmanager get-secret-value --secret-id "$(output ApiKeysSecretArn)" --query SecretString --output text | jq -r .admin)
call POST /polls '{"pollId":"smoke","question":"Which?","choices":["RED","BLUE"]}' >/dev/null || fail 'a poll is made'
call POST /polls '{"pollId":"once","question":"Which?","choices":["RED","BLUE"],"voterLimit":"one"}' >/dev/null || fail 'a poll with one vote each is made'
# Both transactions, on which the statement RecordBallotsInShards is held by IAM itself.
call POST /polls/smoke/votes '{"choice":"red"}' >/dev/null || fail 'a vote is taken (is it AccessDenied in the log of ApiFunction?)'
call POST /polls/once/votes '{"choice":"red","voter":"one"}' >/dev/null || fail 'a vote of a known voter is taken'
within 60 'the votes are counted' votes_of smoke 1

if has 2; then
  echo '--- 2 metrics appear'
  appears() {
    [ "$(aws cloudwatch list-metrics --namespace "Portside/$stack" --metric-name "$1" --query 'length(Metrics)' --output text)" != 0 ]
  }
  for metric in VoteLag OldestTaskAge VotesTaken; do within 900 "the metric $metric appears" appears "$metric"; done
fi

if has 3; then
  echo '--- 3 nobody reads the stream, and somebody is told'
  aws lambda update-event-source-mapping --uuid "$(mapping)" --no-enabled >/dev/null
  still=$((SECONDS + 1500))
  until is_on VotesStandStillAlarm || [ $SECONDS -gt $still ]; do
    call POST /polls/smoke/votes '{"choice":"blue"}' >/dev/null
    sleep 20
  done
  if is_on VotesStandStillAlarm; then echo 'ok: VotesStandStillAlarm is on: FILL fills what has no figures'; else fail 'VotesStandStillAlarm goes off'; fi
  aws lambda update-event-source-mapping --uuid "$(mapping)" --enabled >/dev/null
fi

if has 4; then
  echo '--- 4 a record that nobody can read'
  aws dynamodb put-item --table-name "$(resource VotesTable)" --item \
    '{"pk":{"S":"SHARD#smoke#smoke#0"},"sk":{"S":"SHARD"},"kind":{"S":"shard"},"version":{"N":"2"},"v0":{"S":"many"}}' || fail 'the record is written'
  call POST /polls/smoke/votes '{"choice":"blue"}' >/dev/null
  total=$(call GET /polls/smoke/results | jq .total)
  aside() {
    [ "$(aws sqs get-queue-attributes --queue-url "$(resource VotesFailureQueue)" --attribute-names ApproximateNumberOfMessages \
      --query Attributes.ApproximateNumberOfMessages --output text)" != 0 ]
  }
  within 900 'the record is put aside' aside
  within 400 'the votes behind it are counted' votes_of smoke "$total"
fi

fargate=${SMOKE_FARGATE_STACK:-}
if has 5; then
  echo '--- 5 Fargate: a worker reads the stream from its subnets'
  if [ -z "$fargate" ]; then echo 'left out: SMOKE_FARGATE_STACK is not set'; else
    lag() {
      [ "$(aws cloudwatch list-metrics --namespace "Portside/$fargate" --metric-name VoteLag --query 'length(Metrics)' --output text)" != 0 ]
    }
    within 900 'the worker folds votes' lag
  fi
fi
if has 6; then
  echo '--- 6 Redis fails over'
  if [ -z "${SMOKE_REDIS:-}" ]; then echo 'left out: SMOKE_REDIS is not set'; else
    aws elasticache test-failover --replication-group-id "$SMOKE_REDIS" --node-group-id 0001 >/dev/null || fail 'a fail-over begins'
    url=$(aws cloudformation describe-stacks --stack-name "$fargate" --query "Stacks[0].Outputs[?OutputKey=='Url'].OutputValue" --output text)
    for _ in $(seq 300); do
      curl -sf -m 5 "$url/rates" >/dev/null || fail 'rates are served all the time'
      sleep 1
    done
  fi
fi
if has 7; then
  echo '--- 7 Fargate: a rolling deployment loses no request'
  if [ -z "$fargate" ]; then echo 'left out: SMOKE_FARGATE_STACK is not set'; else
    url=$(aws cloudformation describe-stacks --stack-name "$fargate" --query "Stacks[0].Outputs[?OutputKey=='Url'].OutputValue" --output text)
    cluster=$(aws cloudformation describe-stack-resource --stack-name "$fargate" --logical-resource-id Cluster --query StackResourceDetail.PhysicalResourceId --output text)
    service=$(aws cloudformation describe-stack-resource --stack-name "$fargate" --logical-resource-id ApiService --query StackResourceDetail.PhysicalResourceId --output text)
    aws ecs update-service --cluster "$cluster" --service "$service" --force-new-deployment >/dev/null || fail 'a deployment begins'
    lost=0
    for _ in $(seq 600); do
      curl -sf -m 5 "$url/polls" >/dev/null || lost=$((lost + 1))
      sleep 0.5
    done
    if [ "$lost" = 0 ]; then echo 'ok: no request is lost'; else fail "$lost requests are lost"; fi
  fi
fi

if has 8; then
  echo '--- 8 a burst above what a new table takes'
  npm run --silent demo -- votes --url "$api" --key "$key" --new-poll --votes 90000 --rate 1500 --clients 300 || fail 'every vote of the burst that was answered is counted'
fi
