// The shop's own side: signed requests to the server.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";

/** Lets the sandbox's customer pay. */
export async function simulate(plan, id, payment) {
  const body = JSON.stringify({ payment });
  const answer = await fetch(`${plan.base}/api/payments/v1/requests/${id}/simulate`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-processing-key": plan.keys.key,
      "x-processing-signature": createHmac("sha512", plan.keys.secret).update(body).digest("hex"),
    },
    body,
  });
  assert.equal(answer.status, 200, await answer.text());
}
