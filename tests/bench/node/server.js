// A webhook receiver as a Node.js user would write it: Fastify, HMAC over the raw body, a line appended to a file
// and flushed to disk before the answer. No queue, no removal of repeats, no limit on slow clients.
//
// GROUPED=1 shares a flush among the requests that wait for one, which few would think of and which helps much.
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const fastify = require('fastify');

const {PORT, CERTIFICATE, KEY, OUTREACH_WEBHOOK_SECRET: secret, EVENTS_FILE, GROUPED} = process.env;
const file = fs.openSync(EVENTS_FILE, 'a');

function storeAlone(line) {
    return new Promise((resolve, reject) => {
        fs.write(file, line, (error) => {
            if (error) return reject(error);
            fs.fdatasync(file, (flushError) => (flushError ? reject(flushError) : resolve()));
        });
    });
}

let waiting = [];
let isFlushing = false;

function flushWaiting() {
    const group = waiting;
    waiting = [];
    isFlushing = true;
    const finish = (error) => {
        isFlushing = false;
        for (const {resolve, reject} of group) error ? reject(error) : resolve();
        if (waiting.length > 0) flushWaiting();
    };
    fs.writev(file, group.map(({line}) => line), (error) => {
        if (error) return finish(error);
        fs.fdatasync(file, finish);
    });
}

function storeGrouped(line) {
    return new Promise((resolve, reject) => {
        waiting.push({line, resolve, reject});
        if (!isFlushing) flushWaiting();
    });
}

const store = GROUPED === '1' ? storeGrouped : storeAlone;
const newline = Buffer.from('\n');

const app = fastify({
    https: {cert: fs.readFileSync(CERTIFICATE), key: fs.readFileSync(KEY)},
    bodyLimit: 16 * 1024 * 1024,
    keepAliveTimeout: 600_000,
});
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', {parseAs: 'buffer'}, (request, body, done) => done(null, body));

app.post('/webhooks/outreach', async (request, reply) => {
    const wanted = crypto.createHmac('sha256', secret).update(request.body).digest();
    const given = Buffer.from(request.headers['outreach-webhook-signature'] ?? '', 'hex');
    if (given.length !== wanted.length || !crypto.timingSafeEqual(given, wanted)) {
        return reply.code(401).send('');
    }
    await store(Buffer.concat([request.body, newline]));
    return reply.code(200).send('');
});

app.listen({host: '127.0.0.1', port: Number(PORT), backlog: 4096});
