#!/usr/bin/env bash
# Says what private subnets of a VPC lack to reach what Portside calls there:
#   scripts/check-subnets.sh lambda|fargate SUBNET…
# Looks at routes and endpoints with the AWS CLI and changes nothing. Ends with 0 if nothing is missing, else with 1.
# Security groups, network ACLs and policies of endpoints are not looked at.
set -uo pipefail

kind=${1:-}
shift || true
case $kind in
lambda) services=(dynamodb secretsmanager) ;;
fargate) services=(dynamodb dynamodb-streams secretsmanager logs ecr.api ecr.dkr s3) ;;
*) services=() ;;
esac
if [ ${#services[@]} -eq 0 ] || [ $# -eq 0 ]; then
  echo "usage: $0 lambda|fargate SUBNET…" >&2
  exit 1
fi

vpc=$(aws ec2 describe-subnets --subnet-ids "$1" --query 'Subnets[0].VpcId' --output text) || exit 1
# shellcheck disable=SC2016 # The backquotes are JMESPath's.
# Service, a tab, and the subnets and route tables that the endpoint serves.
endpoints=$(aws ec2 describe-vpc-endpoints --filters "Name=vpc-id,Values=$vpc" --output text \
  --query 'VpcEndpoints[].[ServiceName, join(`,`, not_null(SubnetIds, `[]`)), join(`,`, not_null(RouteTableIds, `[]`))]') || exit 1

missing=0
for subnet in "$@"; do
  table=$(aws ec2 describe-route-tables --filters "Name=association.subnet-id,Values=$subnet" \
    --query 'RouteTables[0].RouteTableId' --output text) || exit 1
  # A subnet without a table of its own has the main one.
  [ "$table" != None ] || table=$(aws ec2 describe-route-tables --output text \
    --filters "Name=vpc-id,Values=$vpc" Name=association.main,Values=true --query 'RouteTables[0].RouteTableId') || exit 1
  # shellcheck disable=SC2016 # The backquotes are JMESPath's.
  nat=$(aws ec2 describe-route-tables --route-table-ids "$table" --output text \
    --query 'RouteTables[0].Routes[?DestinationCidrBlock==`0.0.0.0/0`] | [0].NatGatewayId') || exit 1
  if [ "$nat" != None ]; then
    echo "$subnet: $nat is a way to everything"
    continue
  fi
  for service in "${services[@]}"; do
    # An interface endpoint serves its whole VPC; a gateway endpoint serves the route tables that name it.
    if awk -F '\t' -v service="$service" -v table="$table" '
      $1 ~ "[.]" service "$" && ($2 != "" && $2 != "None" || index("," $3 ",", "," table ",")) { found = 1 }
      END { exit !found }' <<<"$endpoints"; then
      [ "$service" != dynamodb-streams ] ||
        echo "$subnet: name the address of the endpoint for dynamodb-streams as DynamoDbStreamsEndpoint"
    else
      echo "$subnet: no way to $service (no NAT gateway in $table and no endpoint)"
      missing=1
    fi
  done
  echo "$subnet: no NAT gateway, so sources of rates and services of runners are reached only inside the VPC"
done
exit $missing
