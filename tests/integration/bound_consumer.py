#!/usr/bin/python3
"""A program of somebody else's, with another client library: binds a queue of its own to the exchange and
prints what comes, a JSON object a line, until something comes with the routing key LAST.

usage: bound_consumer.py URI EXCHANGE ROUTING_KEY LAST
"""

import json
import sys

import pika

uri, exchange, routing_key, last = sys.argv[1:]
connection = pika.BlockingConnection(pika.URLParameters(uri))
channel = connection.channel()
queue = channel.queue_declare("", exclusive=True).method.queue
channel.queue_bind(queue, exchange, routing_key)
print("bound", flush=True)
for method, properties, body in channel.consume(queue, inactivity_timeout=30):
    if method is None:
        sys.exit("nothing came for 30 s")
    if method.routing_key == last:
        break
    print(json.dumps({
        "body_hex": body.hex(),
        "routing_key": method.routing_key,
        "message_id": properties.message_id,
        "type": properties.type,
        "content_type": properties.content_type,
        "app_id": properties.app_id,
        "delivery_mode": properties.delivery_mode,
        "timestamp": properties.timestamp,
        "headers": {name: str(value) for name, value in (properties.headers or {}).items()},
    }), flush=True)
    channel.basic_ack(method.delivery_tag)
connection.close()
