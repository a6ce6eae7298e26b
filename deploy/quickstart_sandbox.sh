# shellcheck shell=bash disable=SC2034,SC2154,SC2317 # it shares names with deploy/quickstart
# The part of deploy/quickstart that shows a simulated Outreach; sourced by it.

# fetch URL: what a browser would do with it; prints the whole answer.
fetch() (
    local rest=${1#http://}
    local host=${rest%%/*} path=/${rest#*/}
    exec 3<>"/dev/tcp/${host%%:*}/${host##*:}"
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$path" "$host" >&3
    cat <&3
)

# As somebody would with a browser: follow the URL that `auth login` prints, and the redirect behind it.
consent() {
    local url redirect
    wait_until 20 "the login had begun" grep -q '/oauth/authorize?' "$directory/login.log"
    url=$(grep -o 'http://[^ ]*/oauth/authorize?[^ ]*' "$directory/login.log" | head -n 1)
    redirect=$(fetch "$url" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
    [[ -n $redirect ]] || fail "the sandbox didn't send the browser back"
    fetch "$redirect" >/dev/null
}

show_sandbox() {
    local port='' admin_port='' outreach=''
    pick_port port
    pick_port admin_port
    pick_port outreach
    export OUTREACHD_CONFIG=$directory/outreachd.yaml
    cat >"$OUTREACHD_CONFIG" <<END
listen: {address: 127.0.0.1, port: $port, tls: off}
endpoints:
  - path: /webhooks/outreach
    secrets: [{file: $directory/secret}]
store: {directory: $directory/store}
outreach:
  base_url: http://127.0.0.1:$outreach/api/v2
  auth:
    type: oauth
    client_id: sandbox-client
    client_secret: {file: $directory/client_secret}
    scopes: [prospects.all, tasks.all, webhooks.all]
webhooks:
  url: http://127.0.0.1:$port/webhooks/outreach
  subscribe: [prospect.created, task.created]
handlers:
  archive: {type: file, path: $directory/events.jsonl}
  call-them:
    type: outreach
    steps:
      - name: prospect
        get: /prospects/\${{ .data.id }}
      - post: /tasks
        body:
          data:
            type: task
            attributes: {action: call, note: "Call \${{ \$steps.prospect.data.attributes.firstName }}"}
            relationships: {prospect: {data: {type: prospect, id: "\${{ .data.id }}"}}}
routes:
  - {match: "*", to: [archive]}
  - {match: prospect.created, to: [call-them]}
admin: {address: 127.0.0.1, port: $admin_port}
END
    (umask 077 && echo sandbox-secret >"$directory/client_secret")
    sed 's/^/  /' "$OUTREACHD_CONFIG"
    show check

    say "A simulated Outreach, and the daemon"
    echo "\$ outreachd sandbox --port $outreach --grant-interval 1s"
    start sandbox "$program" sandbox --port "$outreach" --grant-interval 1s
    wait_until 20 "the sandbox was up" grep -q 'simulated Outreach is at' "$directory/sandbox.log"
    start daemon "$program" serve
    wait_until 20 "it was ready" is_ready "$admin_port"
    echo "listening on http://127.0.0.1:$port/webhooks/outreach, pid ${processes[daemon]}"

    say "Log in once: here the script is the browser, and the sandbox asks nobody"
    echo "\$ outreachd auth login --no-browser"
    start login "$program" auth login --no-browser
    consent
    await login || fail "the login failed"
    cat "$directory/login.log"
    show auth status

    say "Have Outreach send its events here"
    show webhooks plan || (($? == 2)) || fail "there is no plan"
    show webhooks apply --yes

    say "Somebody adds a prospect at Outreach ..."
    show api POST /prospects --data '{"data": {"type": "prospect", "attributes": {"firstName": "Ada"}}}' --jq .data.id

    say "... its webhook comes, a handler makes a task of it, and the task's own webhook comes as well"
    wait_until 20 "both events were delivered" has_lines 2
    is_settled() { ! "$program" events list --json | grep -q '"state": *"pending"'; }
    wait_until 10 "all deliveries were settled" is_settled
    show events list
    show api GET /tasks --sort -id --page-size 1 --jq '.data[].attributes.note'

    say "The daemon at a glance"
    show status

    if "$keep"; then
        stays=true
        say "Both are still running. Try next:"
        cat <<END
  export OUTREACHD_CONFIG=$OUTREACHD_CONFIG PATH=\$PATH:$project/build/release
  outreachd api GET /prospects --paginate --jq '.attributes.firstName'
  outreachd webhooks list
  outreachd events show ID             the whole story of one event
  curl http://127.0.0.1:$outreach/sandbox/requests     what the sandbox was asked
  tail -f $directory/daemon.log $directory/sandbox.log

Stop it and remove all of it:
  kill ${processes[daemon]} ${processes[sandbox]} && sleep 1 && rm -r $directory
END
        exit 0
    fi

    say "Stop"
    stop daemon
    stop sandbox
}
