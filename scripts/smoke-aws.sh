#!/usr/bin/env bash
# Tries the stack on Lambda in an AWS account, and what no emulator shows: an hour or more, under a dollar.
#   scripts/smoke-aws.sh            makes the stack portside-smoke-<time> in AWS_REGION and takes everything away at the end,
#                                   also when it is interrupted
# Needs credentials that may deploy (AWS_PROFILE or AWS_ACCESS_KEY_ID …), AWS_REGION, and aws, sam, curl, jq and node.
# Settings: SMOKE_STEPS (default "1 2 3 4 5 6 7 8"), SMOKE_API (address of the API, where it is not the stack's output),
#   SMOKE_FARGATE_STACK (steps 5 to 7: a stack of deploy/fargate.yaml that runs), SMOKE_REDIS (step 6: its replication group).
# Step 1 is always taken. Steps whose setting is missing are left out, and the end says so.
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
left_out=()

# is_gone COMMAND…: deletes something. Of a stack that is deleted while it is made, some is gone with it.
is_gone() {
  local said
  said=$("$@" 2>&1 >/dev/null) || [[ $said == *ResourceNotFound* ]]
}
# Also when it is interrupted, at whatever point. Tables and the voter key outlive their stack, which names them when it is
# deleted: before, those that are just being made are in no list.
take_away() {
  local status=$1 stack_id rest type name
  trap '' INT TERM
  trap - EXIT
  echo '--- taking everything away'
  if ! stack_id=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackId' --output text 2>&1); then
    [[ $stack_id == *'does not exist'* ]] || failures+=("the stack $stack is left: $stack_id")
  else
    { aws cloudformation delete-stack --stack-name "$stack_id" && aws cloudformation wait stack-delete-complete --stack-name "$stack_id"; } ||
      failures+=("the stack $stack is left")
    rest=$(aws cloudformation describe-stack-events --stack-name "$stack_id" --output text \
      --query "StackEvents[?ResourceStatus=='DELETE_SKIPPED'].[ResourceType, PhysicalResourceId]") || failures+=('what outlives the stack is left')
    while read -r type name; do
      case $type in
      *Table) is_gone aws dynamodb delete-table --table-name "$name" || failures+=("the table $name is left") ;;
      *Secret)
        is_gone aws secretsmanager delete-secret --secret-id "$name" --force-delete-without-recovery || failures+=("the secret $name is left")
        ;;
      esac
    done < <(sort -u <<<"$rest")
    echo 'left: the bucket of the stack aws-sam-cli-managed-default, with the code that was uploaded; all that SAM deploys shares it'
  fi
  rm -rf "$work"
  [ ${#left_out[@]} -eq 0 ] || printf 'left out: %s\n' "${left_out[@]}"
  if [ ${#failures[@]} -gt 0 ] || [ "$status" -ne 0 ]; then
    [ ${#failures[@]} -eq 0 ] || printf 'failed: %s\n' "${failures[@]}"
    echo 'verdict: NOT as it should be'
    exit 1
  fi
  echo 'verdict: as it should be'
  exit 0
}
trap 'failures+=("interrupted"); exit 1' INT TERM
trap 'take_away $?' EXIT

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
# is_folded POLL: whether it has a tally. Results are no sign of one: who reads them has the votes counted.
is_folded() {
  aws dynamodb get-item --table-name "$(resource TalliesTable)" --key "{\"pk\":{\"S\":\"TALLY#$1\"},\"sk\":{\"S\":\"TALLY\"}}" --consistent-read \
    --output json | jq -e '.Item.marks' >/dev/null
}
is_on() {
  [ "$(aws cloudwatch describe-alarms --alarm-names "$(resource "$1")" --query 'MetricAlarms[0].StateValue' --output text)" = ALARM ]
}
# sampled STACK METRIC SINCE: whether a metric of the service has had a value since then.
sampled() {
  [ "$(aws cloudwatch get-metric-statistics --namespace "Portside/$1" --metric-name "$2" --statistics SampleCount --period 60 \
    --start-time "$3" --end-time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --query 'length(Datapoints)' --output text)" -gt 0 ]
}
# The minute, which is the finest that CloudWatch keeps for long.
now() { date -u +%Y-%m-%dT%H:%M:00Z; }
mapping() { aws lambda list-event-source-mappings --function-name "$(resource VotesStreamFunction)" --query 'EventSourceMappings[0].UUID' --output text; }

echo "--- 1 deploys $stack with defaults, then votes"
begin=$(now)
PATH=$PWD/node_modules/.bin:$PATH sam build --build-dir "$work/build" >"$work/build.log" 2>&1 || { tail -20 "$work/build.log"; fail 'sam build'; exit 1; }
# Settings of sam deploy --guided in samconfig.toml are for another stack.
echo 'version = 0.1' >"$work/samconfig.toml"
sam deploy --config-file "$work/samconfig.toml" --template-file "$work/build/template.yaml" --stack-name "$stack" --resolve-s3 --capabilities CAPABILITY_IAM \
  --no-confirm-changeset >"$work/deploy.log" 2>&1 || { tail -40 "$work/deploy.log"; fail 'sam deploy in this account'; exit 1; }
api=${SMOKE_API:-$(output ApiUrl)}
key=$(aws secretsmanager get-secret-value --secret-id "$(output ApiKeysSecretArn)" --query SecretString --output text | jq -r .admin)
call POST /polls '{"pollId":"smoke","question":"Which?","choices":["RED","BLUE"]}' >/dev/null || fail 'a poll is made'
call POST /polls '{"pollId":"once","question":"Which?","choices":["RED","BLUE"],"voterLimit":"one"}' >/dev/null || fail 'a poll with one vote each is made'
# Both transactions, on which the statement RecordBallotsInShards is held by IAM itself.
call POST /polls/smoke/votes '{"choice":"red"}' >/dev/null || fail 'a vote is taken (is it AccessDenied in the log of ApiFunction?)'
call POST /polls/once/votes '{"choice":"red","voter":"one"}' >/dev/null || fail 'a vote of a known voter is taken'
for poll in smoke once; do within 60 "the vote of $poll is in a tally" is_folded $poll; done
for poll in smoke once; do
  if call GET "/polls/$poll/results" | jq -e '.total == 1' >/dev/null; then echo "ok: $poll has one vote"; else fail "$poll has one vote"; fi
done

if has 2; then
  echo '--- 2 metrics appear'
  # VoteLag is of the stream alone: it has folded the votes, not a sweep.
  for metric in VoteLag OldestTaskAge VotesTaken; do within 900 "the metric $metric appears" sampled "$stack" "$metric" "$begin"; done
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
  begin=$(now)
  aws dynamodb put-item --table-name "$(resource VotesTable)" --item \
    '{"pk":{"S":"SHARD#smoke#smoke#0"},"sk":{"S":"SHARD"},"kind":{"S":"shard"},"version":{"N":"2"},"v0":{"S":"many"}}' || fail 'the record is written'
  call POST /polls/smoke/votes '{"choice":"blue"}' >/dev/null
  aside() {
    [ "$(aws sqs get-queue-attributes --queue-url "$(resource VotesFailureQueue)" --attribute-names ApproximateNumberOfMessages \
      --query Attributes.ApproximateNumberOfMessages --output text)" != 0 ]
  }
  within 900 'the record is put aside' aside
  within 400 'the record is counted as unreadable' sampled "$stack" UnreadableRecords "$begin"
  # A minute of its own: what is folded then comes after the record.
  sleep 60
  begin=$(now)
  call POST /polls/smoke/votes '{"choice":"blue"}' >/dev/null || fail 'a vote is taken behind the record'
  within 400 'the stream goes on behind it' sampled "$stack" VoteLag "$begin"
fi

fargate=${SMOKE_FARGATE_STACK:-}
of_fargate() {
  aws cloudformation describe-stack-resource --stack-name "$fargate" --logical-resource-id "$1" --query StackResourceDetail.PhysicalResourceId --output text
}
output_of_fargate() {
  aws cloudformation describe-stacks --stack-name "$fargate" --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text
}
# leaves_out STEP SETTING…: whether one of the settings that the step needs is missing.
leaves_out() {
  local step=$1 setting
  shift
  for setting in "$@"; do
    [ -n "${!setting:-}" ] || { left_out+=("$step, since $setting is not set"); return 0; }
  done
  return 1
}
if has 5 && ! leaves_out 5 SMOKE_FARGATE_STACK; then
  echo '--- 5 Fargate: a worker reads the stream from its subnets'
  fargate_key=$(aws secretsmanager get-secret-value --secret-id "$(output_of_fargate ApiKeysSecretArn)" --query SecretString --output text | jq -r .admin)
  poll=smoke-$(date -u +%s)
  begin=$(now)
  for what in "polls {\"pollId\":\"$poll\",\"question\":\"Which?\",\"choices\":[\"RED\",\"BLUE\"]}" "polls/$poll/votes {\"choice\":\"red\"}"; do
    curl -sf -m 30 "$(output_of_fargate Url)/${what%% *}" -H "authorization: Bearer $fargate_key" -H 'content-type: application/json' \
      -d "${what#* }" >/dev/null || fail "POST /${what%% *} on Fargate"
  done
  within 900 'the worker folds votes' sampled "$fargate" VoteLag "$begin"
fi
if has 6 && ! leaves_out 6 SMOKE_FARGATE_STACK SMOKE_REDIS; then
  echo '--- 6 Redis fails over'
  url=$(output_of_fargate Url)
  aws elasticache test-failover --replication-group-id "$SMOKE_REDIS" --node-group-id 0001 >/dev/null || fail 'a fail-over begins'
  lost=0
  for _ in $(seq 300); do
    curl -sf -m 5 "$url/rates" >/dev/null || lost=$((lost + 1))
    sleep 1
  done
  if [ "$lost" = 0 ]; then echo 'ok: rates are served all the time'; else fail "$lost requests of rates were not answered"; fi
  # Without it, containers serve rates of their own: then they are degraded.
  uses_redis() { curl -sf -m 5 "$url/readyz" | jq -e '.status == "ok"' >/dev/null; }
  within 60 'Redis is in use again' uses_redis
fi
if has 7 && ! leaves_out 7 SMOKE_FARGATE_STACK; then
  echo '--- 7 Fargate: a rolling deployment loses no request'
  url=$(output_of_fargate Url)
  aws ecs update-service --cluster "$(of_fargate Cluster)" --service "$(of_fargate ApiService)" --force-new-deployment >/dev/null || fail 'a deployment begins'
  lost=0
  for _ in $(seq 600); do
    curl -sf -m 5 "$url/polls" >/dev/null || lost=$((lost + 1))
    sleep 0.5
  done
  if [ "$lost" = 0 ]; then echo 'ok: no request is lost'; else fail "$lost requests are lost"; fi
fi

if has 8; then
  echo '--- 8 a burst above what a new table takes'
  npm run --silent demo -- votes --url "$api" --key "$key" --new-poll --votes 90000 --rate 1500 --clients 300 || fail 'every vote of the burst that was answered is counted'
fi
