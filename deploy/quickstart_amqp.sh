# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # it shares names with deploy/quickstart
# The part of deploy/quickstart that shows a receiver and a worker with RabbitMQ between them; sourced by it.

start_broker() {
    start broker deploy/loopback_broker "$directory/rabbitmq"
}

outbox_is_empty() { "$program" status -c "$directory/receiver.yaml" --json | grep -q '"outbox": *0[,}]'; }

show_through_broker() {
    local port='' receiver_admin='' worker_admin='' host
    pick_port port
    pick_port receiver_admin
    pick_port worker_admin
    cat >"$directory/receiver.yaml" <<END
listen:
  address: 127.0.0.1
  port: $port
  tls: {certificate: $directory/certificate.pem, private_key: $directory/key.pem}
endpoints:
  - path: /webhooks/outreach
    secrets: [{file: $directory/secret}]
store: {directory: $directory/receiver}
queue: {type: amqp, amqp: {uri: {env: AMQP_URI}}}
roles: [receive]
admin: {address: 127.0.0.1, port: $receiver_admin}
END
    cat >"$directory/worker.yaml" <<END
store: {directory: $directory/worker}
queue: {type: amqp, amqp: {uri: {env: AMQP_URI}}}
roles: [work]
handlers:
  archive: {type: file, path: $directory/events.jsonl}
routes:
  - match: ["task.*", "mailing.*"]
    to: [archive]
admin: {address: 127.0.0.1, port: $worker_admin}
END

    say "RabbitMQ, for this alone"
    echo "\$ deploy/loopback_broker rabbitmq"
    start_broker
    wait_until 120 "the broker was up" test -s "$directory/rabbitmq/uri"
    AMQP_URI=$(<"$directory/rabbitmq/uri")
    export AMQP_URI
    echo "$AMQP_URI, pid ${processes[broker]}"

    say "Two configurations: a host that receives, and one that works"
    for host in receiver worker; do
        echo "$host.yaml:"
        sed 's/^/  /' "$directory/$host.yaml"
        show check -c "$host.yaml"
    done

    say "Start both"
    start receiver "$program" serve -c "$directory/receiver.yaml"
    start worker "$program" serve -c "$directory/worker.yaml"
    wait_until 20 "it was ready" is_ready "$receiver_admin"
    wait_until 20 "it was ready" is_ready "$worker_admin"
    has_all_queues() { "$program" status -c "$directory/worker.yaml" | grep -q 'queues 0 1 2 3 4 5 6 7$'; }
    wait_until 20 "the worker had its queues" has_all_queues
    echo "listening on https://127.0.0.1:$port/webhooks/outreach, pid ${processes[receiver]}"

    say "Four signed events to the receiver; a 200 means: on its disk"
    show send -c receiver.yaml task.completed mailing.replied mailing.bounced prospect.updated

    say "What became of them: the receiver has published all of them ..."
    wait_until 20 "the file handler had its three events" has_lines 3
    wait_until 20 "all events were published" outbox_is_empty
    show events list -c receiver.yaml

    say "... and the worker has taken them in. No route takes prospect.*, so that one is kept as unrouted"
    is_settled() { ! "$program" events list -c "$directory/worker.yaml" --json | grep -q '"state": *"pending"'; }
    wait_until 20 "all deliveries were settled" is_settled
    show events list -c worker.yaml

    say "What there is at the broker (those that end in .worker are locks, and hold nothing)"
    echo "\$ deploy/loopback_broker rabbitmq ctl list_queues name type durable"
    deploy/loopback_broker "$directory/rabbitmq" ctl list_queues name type durable | sort

    say "The broker goes down; events are acknowledged all the same, and wait in the outbox"
    stop broker
    show send -c receiver.yaml task.created mailing.opened
    is_cut_off() { "$program" status -c "$directory/receiver.yaml" | grep -q 'NOT CONNECTED'; }
    wait_until 30 "the receiver noticed" is_cut_off
    show status -c receiver.yaml

    say "It is back: the outbox empties by itself, and the events are delivered"
    start_broker
    wait_until 120 "the file handler had its five events" has_lines 5
    wait_until 20 "all events were published" outbox_is_empty
    wait_until 20 "the worker had its queues again" has_all_queues
    show status -c receiver.yaml
    show status -c worker.yaml

    show_delivered_lines

    if "$keep"; then
        stays=true
        say "All of it is still running. Try next:"
        cat <<END
  cd $directory
  export AMQP_URI=$AMQP_URI PATH=\$PATH:$project/build/release
  outreachd send -c receiver.yaml task.completed --count 1000 --rate 200
  outreachd events show -c receiver.yaml ID     one event's story at the receiver; with worker.yaml, its deliveries
  outreachd events replay -c receiver.yaml --since 1h     publish again, for a worker that lost its disk
  tail -f receiver.log worker.log broker.log
  metrics: http://127.0.0.1:$receiver_admin/metrics and http://127.0.0.1:$worker_admin/metrics

Stop it and remove all of it:
  kill ${processes[worker]} ${processes[receiver]} && sleep 3 && kill ${processes[broker]} && sleep 5 && rm -r $directory
END
        exit 0
    fi

    say "Stop"
    stop worker
    stop receiver
    stop broker
}
