#!/usr/bin/python3
"""Takes COUNT messages out of QUEUES, one of each at a time and slowly, and tells their resource and number.

usage: slow_consumer.py URI COUNT QUEUE...

Gives up after two minutes.
"""
import json
import sys
import time

import pika

_, uri, count, *queues = sys.argv
left = int(count)


def take(channel, method, _properties, body):
    global left
    data = json.loads(body)["data"]
    print(data["id"], data["attributes"]["number"], flush=True)
    time.sleep(0.001)
    channel.basic_ack(method.delivery_tag)
    left -= 1
    if left == 0:
        channel.stop_consuming()


connection = pika.BlockingConnection(pika.URLParameters(uri))
channel = connection.channel()
channel.basic_qos(prefetch_count=1)
for queue in queues:
    channel.basic_consume(queue, take)
connection.call_later(120, channel.stop_consuming)
channel.start_consuming()
connection.close()
