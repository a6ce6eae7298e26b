// Answers 200 where the body's HMAC-SHA256 is the one in the header, else 401. Stores nothing.
import crypto from 'crypto';

const secret = process.env.OUTREACH_WEBHOOK_SECRET;

function answer(r) {
    const wanted = crypto.createHmac('sha256', secret).update(r.requestBuffer).digest('hex');
    r.return(wanted === r.headersIn['Outreach-Webhook-Signature'] ? 200 : 401);
}

export default {answer};
