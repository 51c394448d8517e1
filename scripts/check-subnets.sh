#!/usr/bin/env bash
# Says what private subnets of a VPC lack to reach what Portside calls there:
#   scripts/check-subnets.sh [--inside] lambda|fargate SUBNET…
# --inside: sources of rates and services of runners are reached inside the VPC, so no way out of it is needed.
# Looks at routes and endpoints with the AWS CLI, needs jq, and changes nothing. Ends with 0 if nothing is missing, with 1 if
# something is or it cannot look, and with 2 if nothing is known to be missing and it cannot tell where a route leads.
# Security groups, network ACLs, policies of endpoints and routes of IPv6 are not looked at.
set -uo pipefail

inside=false
if [ "${1:-}" = --inside ]; then
  inside=true
  shift
fi
kind=${1:-}
shift || true
case $kind in
lambda) services='["dynamodb","secretsmanager"]' ;;
fargate) services='["dynamodb","dynamodb-streams","secretsmanager","logs","ecr.api","ecr.dkr","s3"]' ;;
*) services='' ;;
esac
if [ -z "$services" ] || [ $# -eq 0 ]; then
  echo "usage: $0 [--inside] lambda|fargate SUBNET…" >&2
  exit 1
fi

subnets=$(aws ec2 describe-subnets --output json --subnet-ids "$@") || exit 1
vpc=$(jq -r '[.Subnets[].VpcId] | unique | join(",")' <<<"$subnets") || exit 1
case $vpc in *,*) echo "the subnets are not of one VPC: $vpc" >&2; exit 1 ;; esac
tables=$(aws ec2 describe-route-tables --output json --filters "Name=vpc-id,Values=$vpc") || exit 1
endpoints=$(aws ec2 describe-vpc-endpoints --output json --filters "Name=vpc-id,Values=$vpc") || exit 1

# Findings, each behind "ok", "missing" or "unknown" and a tab.
# shellcheck disable=SC2016 # The variables are jq's.
findings=$(jq -nr --argjson subnets "$subnets" --argjson tables "$tables" --argjson endpoints "$endpoints" \
  --argjson services "$services" --argjson inside $inside '
  # A subnet without a table of its own has the main one.
  def table: . as $subnet | [$tables.RouteTables[] |
    ((select(any(.Associations[]; .SubnetId == $subnet)) | [0, .]), (select(any(.Associations[]; .Main == true)) | [1, .]))]
    | sort_by(.[0]) | .[0][1];
  def target: .NatGatewayId // .TransitGatewayId // .GatewayId // .InstanceId // .NetworkInterfaceId //
    .VpcPeeringConnectionId // .CarrierGatewayId // .LocalGatewayId // .CoreNetworkArn // "an unknown target";
  # An interface endpoint serves its whole VPC, if the name of the service leads to it; a gateway endpoint serves the
  # tables that name it.
  def way($service; $table): [$endpoints.VpcEndpoints[]
    | select((.State | ascii_downcase) == "available" and (.ServiceName | endswith("." + $service)))
    | if .VpcEndpointType == "Gateway" then select(.RouteTableIds // [] | index($table)) | "way"
      elif .PrivateDnsEnabled then "way" else "unnamed" end] | sort | last;

  $subnets.Subnets[].SubnetId as $subnet | ($subnet | table) as $table
  | (first($table.Routes[] | select(.DestinationCidrBlock == "0.0.0.0/0")) // null) as $out
  | if $out and $out.State == "active" and $out.NatGatewayId then "ok\t\($subnet): \($out.NatGatewayId) is a way to everything"
    # By an internet gateway only public addresses get anywhere.
    elif $out and $out.State == "active" and ($out | target | startswith("igw-") | not) then
      "unknown\t\($subnet): leaves by \($out | target), and where that leads is not looked at"
    else
      (select($out and $out.State != "active") | "missing\t\($subnet): its route by \($out | target) is \($out.State)"),
      ($services[] as $service | way($service; $table.RouteTableId)
        | if . == "unnamed" and $service == "dynamodb-streams" then
            "ok\t\($subnet): name the address of the endpoint for dynamodb-streams as DynamoDbStreamsEndpoint"
          elif . == "unnamed" then "missing\t\($subnet): the endpoint for \($service) is not called, since its private DNS is off"
          elif . == null then "missing\t\($subnet): no way to \($service) (no NAT gateway in \($table.RouteTableId) and no endpoint)"
          else empty end),
      (select($inside | not) |
        "missing\t\($subnet): no way out of the VPC to sources of rates and services of runners; --inside if all are in it")
    end') || exit 1

[ -z "$findings" ] || cut -f 2 <<<"$findings"
case $findings in
missing* | *$'\n'missing*) exit 1 ;;
unknown* | *$'\n'unknown*) exit 2 ;;
esac
