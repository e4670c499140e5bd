#!/bin/sh
# Walk a whole sign-in with curl, and end with 1 at the step that fails:
#
#     sandbox up expired-token --sign-in automatic      (in another terminal)
#     sh sign-in.sh http://localhost:4101/mcp
#
# JSON and URLs are taken apart by python3: whoever runs a sandbox has it, while jq knows neither URLs nor SHA-256.
set -eu

mcp=${1:-http://localhost:4101/mcp}
callback=http://localhost:9/callback # nobody listens there: the redirect is read, not followed
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# step NAME WHAT: begin a step, and say what it asks.
step() {
	step=$1
	printf '%-18s %s\n' "$1" "$2"
}

fail() {
	printf 'Failed at %s: %s.\n' "$step" "$1" >&2
	[ ! -s "$folder/body" ] || { head -c 400 "$folder/body" && echo; } >&2
	exit 1
}

# ask STATUS CURL-ARGUMENT...: send a request that has to be answered with this status.
ask() {
	wanted=$1
	shift
	: >"$folder/body"
	status=$(curl --silent --noproxy '*' --max-time 20 --dump-header "$folder/headers" --output "$folder/body" \
		--write-out '%{http_code}' "$@") || fail "no answer"
	[ "$status" = "$wanted" ] || fail "$status came, and not $wanted"
}

# header NAME: give a header of the answer.
header() {
	tr -d '\r' <"$folder/headers" | grep -i "^$1:" | head -n 1 | cut -d: -f2- | sed 's/^ *//'
}

# field EXPRESSION: give a value of the answer, `it`, which is JSON, or an event whose data is JSON.
field() {
	python3 -c "
import json, re, sys
text = sys.stdin.read()
it = json.loads((re.findall('^data: *(.+)', text, re.MULTILINE) or [text])[-1])
print($1)" <"$folder/body" 2>/dev/null || fail "the answer has no $1"
}

# well_known NAME URL: give the place of a document about a URL, between its host and its path (RFC 8414, RFC 9728).
well_known() {
	python3 -c '
import sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[2])
print(f"{url.scheme}://{url.netloc}/.well-known/{sys.argv[1]}" + url.path.rstrip("/"))' "$@"
}

# mcp_request STATUS JSON: send an MCP message, with the token and the session, once there are some.
mcp_request() {
	ask "$1" "$mcp" --header 'Content-Type: application/json' --header 'Accept: application/json, text/event-stream' \
		${token:+--header "Authorization: Bearer $token"} ${session:+--header "Mcp-Session-Id: $session"} --data "$2"
}

initialize='{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25",
	"capabilities": {}, "clientInfo": {"name": "curl", "version": "1"}}}'

step challenge "POST $mcp, without a token"
mcp_request 401 "$initialize"
metadata=$(header WWW-Authenticate | sed -n 's/.*resource_metadata="\([^"]*\)".*/\1/p')
metadata=${metadata:-$(well_known oauth-protected-resource "$mcp")}

step resource-metadata "GET $metadata"
ask 200 "$metadata"
resource=$(field 'it["resource"]')
[ "${resource%/}" = "${mcp%/}" ] || fail "it speaks of $resource"
issuer=$(field 'it["authorization_servers"][0]')

metadata=$(well_known oauth-authorization-server "$issuer")
step server-metadata "GET $metadata"
ask 200 "$metadata"
said=$(field 'it["issuer"]')
[ "$said" = "$issuer" ] || fail "it speaks of $said"
authorization_endpoint=$(field 'it["authorization_endpoint"]')
token_endpoint=$(field 'it["token_endpoint"]')
field 'it["code_challenge_methods_supported"].index("S256")' >/dev/null # without PKCE a client has to stop
registration_endpoint=$(field 'it.get("registration_endpoint", "")')

step registration "POST ${registration_endpoint:-nowhere}"
[ -n "$registration_endpoint" ] || fail "the metadata names no registration_endpoint"
ask 201 "$registration_endpoint" --header 'Content-Type: application/json' --data '{"client_name": "curl",
	"redirect_uris": ["'$callback'"], "token_endpoint_auth_method": "none"}'
client_id=$(field 'it["client_id"]')

step authorization "GET $authorization_endpoint"
verifier=$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')
challenge=$(python3 -c 'import base64, hashlib, sys
print(base64.urlsafe_b64encode(hashlib.sha256(sys.argv[1].encode()).digest()).rstrip(b"=").decode())' "$verifier")
ask 302 --get "$authorization_endpoint" --data response_type=code --data-urlencode "client_id=$client_id" \
	--data-urlencode "redirect_uri=$callback" --data "code_challenge=$challenge" --data code_challenge_method=S256 \
	--data "state=$challenge" --data-urlencode "resource=$resource" --data-urlencode 'scope=openid profile email'
location=$(header Location)
code=$(printf '%s' "$location" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')
[ -n "$code" ] || fail "there is no code in $location"
case $location in *"state=$challenge"*) ;; *) fail "the state in $location is another" ;; esac

step token "POST $token_endpoint"
ask 200 "$token_endpoint" --data grant_type=authorization_code --data-urlencode "client_id=$client_id" \
	--data "code=$code" --data-urlencode "redirect_uri=$callback" --data "code_verifier=$verifier" \
	--data-urlencode "resource=$resource"
token=$(field 'it["access_token"]')

step session "POST $mcp, initialize"
mcp_request 200 "$initialize"
session=$(header Mcp-Session-Id)
mcp_request 202 '{"jsonrpc": "2.0", "method": "notifications/initialized"}'

step messages "POST $mcp, tools/list"
mcp_request 200 '{"jsonrpc": "2.0", "id": 2, "method": "tools/list"}'
field '*("    " + tool["name"] for tool in it["result"]["tools"]), sep="\n"'
