"""Uses stocks through the client that openapi-python-client generated. Arguments: address and key of the service."""

import json
import sys

from portside.api.stocks import convert_amount, delete_stock, get_stock, list_stocks, put_stock
from portside.client import AuthenticatedClient
from portside.models import Currency, Problem, PutStockBody

_, url, key = sys.argv
client = AuthenticatedClient(base_url=url, token=key)


def put(stock_id, value):
    return put_stock.sync_detailed(stock_id, client=client, body=PutStockBody(value=value, currency=Currency.USD))


first = put("ACME", "12.50")
second = put("BRK.B", "745000.00")
valued = get_stock.sync("ACME", client=client, currencies="JPY,KWD")
converted = convert_amount.sync(client=client, amount="12.50", from_=Currency.EUR, to="USD")

listed, cursor = [], None
while True:
    page = list_stocks.sync(client=client, limit="1", **({"cursor": cursor} if cursor else {}))
    listed += [stock.stock for stock in page.stocks]
    cursor = page.next_cursor
    if not cursor:
        break

changed = put("ACME", "13.00")
stale = delete_stock.sync("ACME", client=client, if_match=first.headers["etag"])
deleted = delete_stock.sync_detailed("ACME", client=client, if_match=changed.headers["etag"])
gone = get_stock.sync("ACME", client=client)


def problem(answer):
    assert isinstance(answer, Problem), answer
    return [answer.status, answer.code]


print(json.dumps({
    "put": [int(first.status_code), int(second.status_code), int(changed.status_code)],
    "value": [valued.stock, valued.value, valued.currency, sorted(valued.values.additional_properties)],
    "converted": [converted.amount, str(converted.from_), sorted(converted.values.additional_properties)],
    "listed": listed,
    "stale": problem(stale),
    "deleted": int(deleted.status_code),
    "gone": problem(gone),
}))
