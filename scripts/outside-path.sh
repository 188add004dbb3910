#!/usr/bin/env bash
# The main path from outside: one signed request, a sandbox payment, one signed callback.
# Uses nothing of Coffer's own but its commands: curl, openssl, and node as the shop's endpoint.
#
#   scripts/outside-path.sh [path of the coffer program]
#
# COFFER_STORE__URL chooses the database; without it a new SQLite file is used.
set -euo pipefail

coffer=$(realpath "${1:-target/release/coffer}")
work=$(mktemp -d)
children=()
finish() {
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
field() { node -e 'let t="";process.stdin.on("data",d=>t+=d).on("end",()=>{let v=JSON.parse(t);for(const k of process.argv[1].split("."))v=v?.[k];if(v===undefined)process.exit(1);console.log(v)})' "$1"; }
sign() { printf %s "$2" | openssl dgst -sha512 -hmac "$1" -r | cut -d' ' -f1; }

# Waits until a file holds a line that matches, for at most 20 seconds.
await() { # file, pattern
  for _ in $(seq 200); do
    grep -q "$2" "$1" 2>/dev/null && return 0
    read -rt 0.1 <> <(:) || true
  done
  cat "$1" >&2 || true
  fail "$1 never said $2"
}

cd "$work"
export COFFER_STORE__URL="${COFFER_STORE__URL:-sqlite://$work/coffer.db}"
export COFFER_SECRETS__KEY_FILE="$work/coffer.key"
export COFFER_SERVER__LISTEN=127.0.0.1:0
export COFFER_RATES__SOURCE=fixed
export COFFER_CALLBACKS__ALLOW_PRIVATE_NETWORKS=true

cat > shop.mjs <<'JS'
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
let count = 0;
const shop = createServer((request, answer) => {
  const parts = [];
  request.on("data", (part) => parts.push(part)).on("end", () => {
    count += 1;
    writeFileSync(`callback-${count}.body`, Buffer.concat(parts));
    writeFileSync(`callback-${count}.signature`, request.headers["x-processing-signature"] ?? "");
    writeFileSync(`callback-${count}.key`, request.headers["x-processing-key"] ?? "");
    answer.end("OK");
    console.log(`callback ${count}`);
  });
});
shop.listen(0, "127.0.0.1", () => console.log(`shop ${shop.address().port}`));
JS
node shop.mjs > shop.log & children+=($!)
await shop.log '^shop '
shop=$(sed -n 's/^shop //p' shop.log)

"$coffer" serve > serve.log 2> serve.err & children+=($!)
await serve.log 'listening on http'
url=$(sed -n 's/.*listening on \(http[^ ]*\).*/\1/p' serve.log | head -1)
echo "serving on $url"

merchant=$("$coffer" merchant add "Outside" --callback-url "http://127.0.0.1:$shop/callback" --json | field id)
"$coffer" key add --merchant "$merchant" --sandbox --json > key.json
key=$(field key < key.json) secret=$(field secret < key.json)

post() { # path, body
  curl -sS --fail-with-body -X POST "$url$1" -H 'Content-Type: application/json' \
    -H "X-Processing-Key: $key" -H "X-Processing-Signature: $(sign "$secret" "$2")" -d "$2"
}

answer=$(post /api/payments/v1/requests '{"amount":"100","currency":{"iso":"EUR"},"life_time_duration":360000,"payment_currency":{"iso":"BTC","network_name":"bitcoin"},"end_user_email":"guest@example.com","end_user_reference":"guest_user_17","description":"Order #123","foreign_id":"order123_customer","url_store":"https://example.com/store"}')
echo "created: $answer"
id=$(field data.id <<< "$answer")
[[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]] || fail "id $id"
[[ $(field data.payment_link <<< "$answer") =~ /payment/[0-9A-Za-z]{22}$ ]] || fail "payment_link"
[[ $(field data.status <<< "$answer") == processing ]] || fail "status"
curl -sS --fail -o page.html "$(field data.payment_link <<< "$answer")" || fail "the page"
grep -q BTC page.html || fail "the page names no BTC"

post "/api/payments/v1/requests/$id/simulate" '{"payment":"exact"}' > paid.json
[[ $(field data.status < paid.json) == paid ]] || fail "not paid: $(cat paid.json)"

verify() { # number
  local body="callback-$1.body"
  local made; made=$(openssl dgst -sha512 -hmac "$secret" -r "$body" | cut -d' ' -f1)
  [[ $made == "$(cat "callback-$1.signature")" ]] || fail "the signature of callback $1"
  [[ $key == "$(cat "callback-$1.key")" ]] || fail "the key of callback $1"
  [[ $(field payment_request_id < "$body") == "$id" ]] || fail "the id in callback $1"
  echo "callback $1 verified: $(field status < "$body")"
}
await shop.log '^callback 3$'
verify 1; verify 2; verify 3
[[ $(field status < callback-1.body) == processing ]] || fail "the first callback"
[[ $(field status < callback-3.body) == paid ]] || fail "the last callback"
echo "1 passed, 0 failed"
